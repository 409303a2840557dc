package simnet

import (
	"context"
	"net"
	"net/netip"
	"slices"
)

// host is a name and what it resolves to.
type host struct {
	answers [][]net.IP // one lookup after the other; the last one repeats
	asked   int
}

// owner is the host that an address belongs to.
type owner struct {
	host    string
	listens bool
}

// Resolve sets what a name resolves to: the first lookup gets the first answer,
// and the last answer repeats. An answer without addresses says that there is no
// such host. A dial by name looks up as well. Servers that listen already stay
// where they are.
func (n *Network) Resolve(name string, answers ...[]netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := &host{}
	for _, answer := range answers {
		var ips []net.IP
		for _, a := range answer {
			ip := net.IP(a.AsSlice())
			ips = append(ips, ip)
			if _, taken := n.named[ip.String()]; !taken {
				n.named[ip.String()] = owner{host: canonical(name)}
			}
		}
		h.answers = append(h.answers, ips)
	}
	n.hosts[canonical(name)] = h
}

// Address sets where an actor's connections seem to come from: an IP address, or
// a text that is none, as behind some listeners. It holds for new connections.
func (n *Network) Address(actor, text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.addresses[actor] = text
}

// Own makes links call a host by the name of the actor that it is.
func (n *Network) Own(host, actor string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.owners[canonical(host)] = actor
}

// Lookup resolves a name as the network does; it fails with a *net.DNSError.
func (n *Network) Lookup(_ context.Context, host string) ([]net.IP, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if ips := n.lookupLocked(host); len(ips) > 0 {
		return ips, nil
	}
	return nil, notFound(host)
}

func (n *Network) lookupLocked(name string) []net.IP {
	name = canonical(name)
	if ip := net.ParseIP(name); ip != nil {
		return []net.IP{ip}
	}
	h := n.hosts[name]
	if h == nil || len(h.answers) == 0 {
		return nil
	}
	answer := h.answers[min(h.asked, len(h.answers)-1)]
	h.asked++
	return slices.Clone(answer)
}

// homeLocked is where the servers of a name listen: at every address of the first
// answer that has any. A name that nobody has set gets an address.
func (n *Network) homeLocked(name string) []net.IP {
	name = canonical(name)
	if ip := net.ParseIP(name); ip != nil {
		return []net.IP{ip}
	}
	h := n.hosts[name]
	if h == nil {
		h = &host{answers: [][]net.IP{{hostIP(name)}}}
		n.hosts[name] = h
	}
	home := []net.IP{hostIP(name)}
	if i := slices.IndexFunc(h.answers, func(answer []net.IP) bool { return len(answer) > 0 }); i >= 0 {
		home = h.answers[i]
	}
	for _, ip := range home {
		if !n.named[ip.String()].listens {
			n.named[ip.String()] = owner{host: name, listens: true}
		}
	}
	return home
}

// fromLocked is the address that an actor's connection comes from.
func (n *Network) fromLocked(actor string, port int) net.Addr {
	text, set := n.addresses[actor]
	if !set {
		return &net.TCPAddr{IP: actorIP(actor), Port: port}
	}
	if ip := net.ParseIP(text); ip != nil {
		return &net.TCPAddr{IP: ip, Port: port}
	}
	return nameAddr(text)
}
