package simnet

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Anybody matches every end of a link.
const Anybody = "*"

// Link is the way from one end to another, whoever of the two dials: bytes from
// a client to the gateway are on "t1>gateway", the answers on "gateway>t1". An
// end is an actor, a host, a host and port, or Anybody.
type Link struct{ From, To string }

// ErrLink is why a text names no link.
var ErrLink = errors.New("simnet: want FROM>TO")

// ParseLink reads FROM>TO. It fails with ErrLink.
func ParseLink(text string) (Link, error) {
	from, to, found := strings.Cut(text, ">")
	if !found || from == "" || to == "" || strings.Contains(to, ">") {
		return Link{}, fmt.Errorf("%w, not %q", ErrLink, text)
	}
	return Link{From: from, To: to}, nil
}

// String is FROM>TO.
func (l Link) String() string { return l.From + ">" + l.To }

// carries reports whether bytes from one end to the other are on the link.
func (l Link) carries(from, to end) bool { return from.is(l.From) && to.is(l.To) }

// joins reports whether the link is between the two ends, either way.
func (l Link) joins(a, b end) bool { return l.carries(a, b) || l.carries(b, a) }

// end of a connection, as links call it.
type end struct {
	name string // actor or host
	port string // of a host, ":8443"; "" for an actor
}

func (e end) is(pattern string) bool {
	return pattern == Anybody || pattern == e.name || e.port != "" && pattern == e.name+e.port
}

// rule is what somebody said about a link. The newest rule on a property wins.
type rule struct {
	link Link
	both bool // it holds for both directions
	on   property
	set  bool          // cut, held, refused
	more time.Duration // slow
}

type property int

const (
	cut property = iota
	held
	refused
	slow
)

func (r rule) covers(from, to end) bool {
	if r.both {
		return r.link.joins(from, to)
	}
	return r.link.carries(from, to)
}

// ruleLocked is what holds for bytes from one end to another.
func (n *Network) ruleLocked(on property, from, to end) rule {
	for i := len(n.rules) - 1; i >= 0; i-- {
		if r := n.rules[i]; r.on == on && r.covers(from, to) {
			return r
		}
	}
	return rule{}
}

// waitsLocked reports whether what is on its way in a direction has to wait.
func (n *Network) waitsLocked(f *flow) bool {
	return len(n.rules) > 0 && (n.ruleLocked(cut, f.from, f.to).set || n.ruleLocked(held, f.from, f.to).set)
}

// endLocked is how links call the host of an address.
func (n *Network) endLocked(host string, port int) end {
	host = canonical(host)
	if owner, ok := n.owners[host]; ok {
		host = owner
	}
	return end{name: host, port: fmt.Sprintf(":%d", port)}
}

// nameOfLocked is the host that an address belongs to: a gateway that resolves a
// name and dials the address is on the same link as one that dials the name.
func (n *Network) nameOfLocked(host string) string {
	if ip := net.ParseIP(host); ip != nil {
		if owner, ok := n.named[ip.String()]; ok {
			return owner.host
		}
	}
	return host
}
