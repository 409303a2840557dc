package drill

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// HostOp sets what a name resolves to.
type HostOp struct {
	Name string // in lower case
	// Answers are what the lookups get, one after the other; the last one repeats. A nil answer: no such host.
	Answers [][]netip.Addr
}

// PeerOp sets where a client's connections come from.
type PeerOp struct {
	Client  string
	Address string // an IP address, or any text
}

const (
	hostUsage = "host HOST ADDRESS … [, then ADDRESS …]"
	peerUsage = "host CLIENT ADDRESS"
	nowhere   = "nowhere"
)

func hostVerb() Verb {
	return Verb{
		Name:  "host",
		Usage: []string{hostUsage, peerUsage},
		Doc: "Sets what a name resolves to, or where a client comes from. Behind \"then\" stands what the next lookup gets; the last answer repeats, and \"nowhere\" is " +
			"no such host. A dial by name looks up as well. An upstream that is declared below listens at the addresses of the first answer, and stays there. " +
			"A client's address in quotes need not be one, such as \"@\".",
		Example: "host evil.invalid 11.1.2.3, then 127.0.0.1\nupstream evil.invalid\nhost t1 \"@\"\nconnect t1 evil.invalid:443",
		Parse:   parseHost,
	}
}

func parseHost(l *Line) Op {
	name, ok := l.need("HOST", hostUsage)
	if !ok {
		return nil
	}
	if text := name.whole(); !strings.Contains(text, ".") {
		return parsePeer(l, name)
	}
	op := HostOp{Name: name.whole()}
	if err := hostNameError(op.Name); err != nil {
		l.mistakef(name.Column, "%v", err)
	}
	for {
		answer, more := l.answer()
		op.Answers = append(op.Answers, answer)
		if !more {
			return op
		}
		switch {
		case l.takeIf("then"):
		case l.next < len(l.words):
			l.mistakef(l.words[l.next].Column, "behind a comma stands \"then\", such as %q", ", then "+l.words[l.next].raw)
			return op
		default:
			l.missing("behind a comma stands \"then\": write %s", quote(hostUsage))
			return op
		}
	}
}

func hostNameError(name string) error {
	if lower := strings.ToLower(name); name != lower {
		return fmt.Errorf("host %q: observations call it by its lower-case name, so write %q", name, lower)
	}
	return hostError(name, namesOnly)
}

// answer reads the addresses of one lookup. More reports whether a comma ends it.
func (l *Line) answer() (addresses []netip.Addr, more bool) {
	first, ok := l.need("ADDRESS", hostUsage)
	for w := first; ok; w, ok = l.take() {
		text, comma := strings.CutSuffix(w.whole(), ",")
		addr, err := netip.ParseAddr(text)
		switch {
		case text == nowhere && w.Column == first.Column:
			if !comma && l.next < len(l.words) {
				l.mistakef(l.words[l.next].Column, "%q has no addresses: write a comma behind it, or leave it out", nowhere)
				l.next = len(l.words)
			}
			return nil, comma
		case err != nil || addr.Zone() != "":
			l.mistakef(w.Column, "address %q: want an IP address such as 11.1.2.3, or %q", text, nowhere)
		case slices.Contains(addresses, addr):
			l.mistakef(w.Column, "address %s is written twice: keep one", addr)
		default:
			addresses = append(addresses, addr)
		}
		if comma {
			return addresses, true
		}
	}
	return addresses, false
}

func parsePeer(l *Line, name Word) Op {
	op := PeerOp{Client: l.actor(name, "client")}
	w, ok := l.need("ADDRESS", peerUsage)
	if !ok {
		return op
	}
	op.Address = w.whole()
	if _, err := netip.ParseAddr(op.Address); err != nil && !w.quotedWhole() {
		l.mistakef(w.Column, "address %q: want an IP address such as 11.1.2.3, or quote it if it is meant so", op.Address)
	}
	l.done(peerUsage)
	return op
}

// String implements Op.
func (op HostOp) String() string {
	texts := make([]string, len(op.Answers))
	for i, answer := range op.Answers {
		p := printed()
		for _, a := range answer {
			p.add(a.String())
		}
		if texts[i] = p.String(); texts[i] == "" {
			texts[i] = nowhere
		}
	}
	return printed("host", op.Name, strings.Join(texts, ", then ")).String()
}

// Block implements Op.
func (op HostOp) Block() []string { return nil }

// Run implements Op.
func (op HostOp) Run(ctx context.Context, w World) error { return w.Host(ctx, op.Name, op.Answers) }

// Check implements Op.
func (op HostOp) Check(s *Scope) { s.host(op.Name) }

// String implements Op.
func (op PeerOp) String() string {
	address := op.Address
	if _, err := netip.ParseAddr(address); err != nil {
		address = quote(address)
	}
	return printed("host", op.Client, address).String()
}

// Block implements Op.
func (op PeerOp) Block() []string { return nil }

// Run implements Op.
func (op PeerOp) Run(ctx context.Context, w World) error { return w.Peer(ctx, op.Client, op.Address) }

// Check implements Op.
func (op PeerOp) Check(s *Scope) { s.seek(op.Client, op.Client) }
