package fakeupstream

import (
	"fmt"
	"strings"
)

// Connection is what becomes of a connection before any request is read from it, and so before any key is known.
type Connection struct {
	Kind ConnectionKind
	// Times is how often. 0: once in a sequence, for ever when it is all that the rule says.
	Times int
}

// ConnectionKind says what becomes of a connection.
type ConnectionKind int

const (
	// ConnectionOK is served as usual.
	ConnectionOK ConnectionKind = iota + 1
	// ConnectionRefused is refused by a listener that can, and torn down before its first byte by one that cannot.
	ConnectionRefused
	// ConnectionTLSFails gets a fatal alert in place of a ServerHello (RFC 8446, section 6.2).
	ConnectionTLSFails
	// CertOtherHost shows a certificate for another host.
	CertOtherHost
	// CertExpired shows a certificate that is not valid any more.
	CertExpired
	// CertSelfSigned shows a certificate that nobody else vouches for.
	CertSelfSigned
)

// String returns the kind as a rule writes it.
func (k ConnectionKind) String() string {
	return [...]string{"", "ok", "refuse", "tls-fail", "cert=other-host", "cert=expired", "cert=self-signed"}[max(0, min(k, CertSelfSigned))]
}

// told is what OnConnection is told of it; "" for one that is as usual.
func (k ConnectionKind) told() string {
	return [...]string{"", "", "refused a connection", "failed a handshake", "showed a certificate for another host",
		"showed an expired certificate", "showed a self-signed certificate"}[max(0, min(k, CertSelfSigned))]
}

const (
	connectionHead = "connection:"
	wantConnection = "want ok, refuse, tls-fail, cert=other-host, cert=expired or cert=self-signed"
)

// String returns the connection as a rule writes it: "refuse times=2".
func (c Connection) String() string {
	if c.Times == 0 {
		return c.Kind.String()
	}
	return fmt.Sprintf("%s times=%d", c.Kind, c.Times)
}

func connectionsText(all []Connection) string {
	texts := make([]string, len(all))
	for i, c := range all {
		texts[i] = c.String()
	}
	return strings.Join(texts, ", then ")
}

// connection reads one of a rule's connections: its kind, and how often.
func (p *parser) connection(tokens []token) Connection {
	var c Connection
	for k := ConnectionOK; k <= CertSelfSigned; k++ {
		if tokens[0].text() == k.String() {
			c.Kind = k
		}
	}
	if c.Kind == 0 {
		p.errorf(tokens[0].off, "unknown connection %q: %s", tokens[0].text(), wantConnection)
	}
	for _, t := range tokens[1:] {
		switch {
		case t.name != "times" || !t.hasValue:
			p.errorf(t.off, "unknown option %q of a connection: want times=N", t.text())
		case c.Times != 0:
			p.errorf(t.off, "times is given twice: want it once")
		default:
			n, err := count("times", t.value)
			if err != nil {
				p.errorf(t.valueOff, "%v", err)
			}
			c.Times = n
		}
	}
	return c
}

// text is the token as it was written, without quotes.
func (t token) text() string {
	if t.hasValue {
		return t.name + "=" + t.value
	}
	return t.name
}

// connectionMistakes returns what cannot be meant about a rule of connections.
func (r Rule) connectionMistakes() []string {
	var out []string
	if r.Key != "" || len(r.Answers) > 0 {
		out = append(out, "a rule of connections has neither a key nor answers: write another rule for those")
	}
	for i, c := range r.Connections {
		if c.Kind < ConnectionOK || c.Kind > CertSelfSigned {
			out = append(out, fmt.Sprintf("connection %d: unknown kind %d: %s", i+1, c.Kind, wantConnection))
		}
		if c.Times < 0 {
			out = append(out, fmt.Sprintf("connection %d: times=%d: want 1 or more", i+1, c.Times))
		}
	}
	return out
}

// connectionAt returns what becomes of connection number i, from 0. What comes after a sequence is as usual: how many
// connections a gateway opens is its own affair.
func (r Rule) connectionAt(i int) ConnectionKind {
	if len(r.Connections) == 1 && r.Connections[0].Times == 0 {
		return r.Connections[0].Kind
	}
	for _, c := range r.Connections {
		if i -= max(c.Times, 1); i < 0 {
			return c.Kind
		}
	}
	return ConnectionOK
}

// unopened returns a fault for each connection of a rule that did not come.
func (p *progress) unopened(name string) []Fault {
	var faults []Fault
	rest := p.asked
	for i, c := range p.rule.Connections {
		n := max(c.Times, 1)
		got := min(rest, n)
		if rest -= got; got == n {
			continue
		}
		text := fmt.Sprintf("%s: connection: %d of %d, %q, never came", name, i+1, len(p.rule.Connections), c)
		if got > 0 {
			text = fmt.Sprintf("%s: connection: %d of %d, %q, came %s", name, i+1, len(p.rule.Connections), c, times(got))
		}
		faults = append(faults, Fault{Unasked, text})
	}
	return faults
}
