package drill

import (
	"net/netip"
	"slices"
	"strings"
)

// Listener is how clients reach the gateway itself.
type Listener string

const (
	ListenerPlain Listener = "plain" // CONNECT as it is
	ListenerTLS   Listener = "tls"   // CONNECT within TLS
)

// networkSettings are the gateway's settings that say how it is reached, and what it reaches.
func networkSettings() []option[Settings] {
	return []option[Settings]{
		{
			name: "exempt",
			form: Form{"exempt=CIDR,…", "Private addresses that clients may reach all the same, such as 10.1.0.0/16; otherwise none."},
			read: func(l *Line, w Word, s *Settings) { s.Exempt = l.prefixes(w) },
			write: func(s Settings) []string {
				if len(s.Exempt) == 0 {
					return nil
				}
				texts := make([]string, len(s.Exempt))
				for i, p := range s.Exempt {
					texts[i] = p.String()
				}
				return []string{strings.Join(texts, ",")}
			},
		},
		{
			name: "via",
			form: Form{"via=[USER:PASSWORD@]HOST:PORT", "The proxy behind which the hosts are that no provider claims; otherwise none."},
			read: func(l *Line, w Word, s *Settings) { s.Via = l.via(w) },
			write: func(s Settings) []string {
				if s.Via == "" {
					return nil
				}
				return []string{bareValue(s.Via)}
			},
		},
		setting("listener", "How clients reach the gateway itself: as it is, or within TLS.",
			func(s *Settings) *Listener { return &s.Listener }, ListenerPlain, ListenerTLS),
	}
}

// prefixes reads ranges of addresses with commas between them.
func (l *Line) prefixes(w Word) []netip.Prefix {
	var prefixes []netip.Prefix
	column := w.Value
	for _, text := range strings.Split(w.Text, ",") {
		p, err := netip.ParsePrefix(text)
		switch {
		case err != nil:
			l.mistakef(column, "range %q: want one such as 10.1.0.0/16", text)
		case p != p.Masked():
			l.mistakef(column, "range %q begins elsewhere: write %s", text, p.Masked())
		case slices.Contains(prefixes, p):
			l.mistakef(column, "range %s is written twice: keep one", p)
		default:
			prefixes = append(prefixes, p)
		}
		column += runes(text) + 1
	}
	return prefixes
}

func (l *Line) via(w Word) string {
	target := w.Text
	if i := strings.LastIndex(target, "@"); i >= 0 {
		if err := loginError(target[:i]); err != "" {
			l.mistakef(w.Value, "%s", err)
		}
		target = target[i+1:]
	}
	if err := targetError(target, namesOnly); err != nil {
		l.mistakef(w.Value, "%v", err)
	}
	return w.Text
}

// loginError says what is wrong with USER:PASSWORD. "": nothing.
func loginError(text string) string {
	if user, password, found := strings.Cut(text, ":"); !found || user == "" || password == "" {
		return "login " + quote(text) + ": want USER:PASSWORD"
	}
	return ""
}
