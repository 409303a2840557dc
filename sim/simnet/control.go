package simnet

import "time"

// Slow adds to the latency of everything that goes from From to To; the other
// direction is a link of its own. Zero takes it back.
func (n *Network) Slow(l Link, by time.Duration) { n.rule(rule{link: l, on: slow, more: by}) }

// Cut parts both ends: nothing is delivered either way, and nothing is lost or
// answered. A new dial hangs until its context ends. TCP sends again once a
// partition is over, and so does Heal.
func (n *Network) Cut(l Link) { n.rule(rule{link: l, both: true, on: cut, set: true}) }

// Hold keeps what goes from From to To until Release, in order; the other
// direction goes on.
func (n *Network) Hold(l Link) { n.rule(rule{link: l, on: held, set: true}) }

// Release delivers what Hold has kept, in order, and ends it.
func (n *Network) Release(l Link) { n.rule(rule{link: l, on: held}) }

// Refuse answers new dials as a host does on which nobody listens; connections
// that are open go on.
func (n *Network) Refuse(l Link) { n.rule(rule{link: l, both: true, on: refused, set: true}) }

// Heal takes back whatever was said about a link, in both directions: what
// waits is delivered now, in order, and ends that still believe in a connection
// which the other one has forgotten see it reset.
func (n *Network) Heal(l Link) {
	n.comeClean(l)
	n.rule(
		rule{link: l, both: true, on: cut},
		rule{link: l, both: true, on: held},
		rule{link: l, both: true, on: refused},
		rule{link: l, both: true, on: slow},
	)
}

// rule adds rules, and gives what waits to the driver again, which looks at each
// delivery anew.
func (n *Network) rule(rules ...rule) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.rules = append(n.rules, rules...)
	for _, d := range n.parked {
		n.pushLocked(d)
	}
	n.parked = nil
	n.nudgeLocked()
}
