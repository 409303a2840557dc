package simnet

import (
	"cmp"
	"slices"
)

// Reset tears every connection between both ends, as a box between them does: to
// each end the other one seems to have reset it.
func (n *Network) Reset(l Link) {
	for _, c := range n.ends(func(c *Conn) bool { return l.joins(c.in.from, c.in.to) }) {
		n.enqueue(c.in, kindReset, nil)
	}
}

// CloseFrom closes From's ends of its connections with To, as a server does that
// has waited long enough for the next request.
func (n *Network) CloseFrom(l Link) {
	for _, c := range n.ends(func(c *Conn) bool { return l.carries(c.out.from, c.out.to) }) {
		_ = c.Close() // somebody may have been faster
	}
}

// Forget makes From lose its connections with To without a word, as a host does
// that was started anew: what To sends on them is answered with a reset. Where To
// sends nothing, only Heal lets it know.
func (n *Network) Forget(l Link) {
	ends := n.ends(func(c *Conn) bool { return l.carries(c.out.from, c.out.to) })
	for _, c := range ends {
		c.endBoth()
		n.forget(c)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forgotten = append(n.forgotten, ends...)
}

// comeClean resets what was forgotten on a link, as TCP's keep-alive would in the
// end (RFC 9293, section 3.8.4).
func (n *Network) comeClean(l Link) {
	n.mu.Lock()
	var found []*Conn
	n.forgotten = slices.DeleteFunc(n.forgotten, func(c *Conn) bool {
		joined := l.joins(c.out.from, c.out.to)
		if joined {
			found = append(found, c)
		}
		return joined
	})
	n.mu.Unlock()
	for _, c := range found {
		n.enqueue(c.out, kindReset, nil)
	}
}

// ends are the open ends that f picks, in an order that nobody's scheduling
// decides.
func (n *Network) ends(f func(*Conn) bool) []*Conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	var list []*Conn
	for c := range n.live {
		if f(c) {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *Conn) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.in.dir, b.in.dir))
	})
	return list
}

// Connections counts the connections that From has dialled to To and that were
// accepted, and how many of them are open at To's end.
func (n *Network) Connections(l Link) (all, open int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for ends, count := range n.accepted {
		if l.carries(ends[0], ends[1]) {
			all += count
		}
	}
	for c := range n.live {
		if c.in.dir == Out && l.carries(c.in.from, c.in.to) {
			open++
		}
	}
	return all, open
}
