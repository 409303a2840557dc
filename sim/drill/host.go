package drill

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Hosts end in .invalid, which RFC 6761, section 6.4 promises never to resolve: should a drill ever meet a real
// network, it reaches nobody. What stands in quotes is taken literally and may be malformed, but a well-formed
// name of the real world is refused there too.

// whichHosts says what may stand in a place that wants a host.
type whichHosts int

const (
	namesOnly whichHosts = iota
	namesAndAddresses
)

// hostError says what is wrong with a host that is not in quotes. Nil: nothing.
func hostError(host string, which whichHosts) error {
	if _, err := netip.ParseAddr(host); err == nil {
		if which == namesAndAddresses {
			return nil
		}
		return fmt.Errorf("host %q is an address: want a name that ends in .invalid", host)
	}
	labels := hostLabels(host)
	switch {
	case labels == nil:
		return fmt.Errorf("host %q is not a host name: want one such as alpha.invalid", host)
	case len(labels) < 2 || !strings.EqualFold(labels[len(labels)-1], "invalid"):
		return fmt.Errorf("host %q does not end in .invalid: write %q", host, labels[0]+".invalid")
	}
	return nil
}

// hostLabels returns the labels of a host name (RFC 1123, section 2.1), one final dot aside. Nil: it is none.
func hostLabels(host string) []string {
	name := strings.TrimSuffix(host, ".")
	if name == "" || len(name) > 253 {
		return nil
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return nil
		}
		for i := 0; i < len(label); i++ {
			c := label[i]
			if c != '-' && c != '_' && !isDigit(c) && !isLetter(c) {
				return nil
			}
		}
	}
	return labels
}

// realError refuses a host that could exist: a name whose last label is a word other than invalid.
func realError(host string) error {
	labels := hostLabels(host)
	if len(labels) < 2 {
		return nil
	}
	last := labels[len(labels)-1]
	if isDigit(last[0]) || strings.EqualFold(last, "invalid") {
		return nil
	}
	return fmt.Errorf("host %q could be a real one, in quotes too: write %q", host, labels[0]+".invalid")
}

// targetError says what is wrong with a HOST:PORT.
func targetError(target string, which whichHosts) error {
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		if strings.Contains(target, ":") {
			return fmt.Errorf("target %q is not HOST:PORT: write one such as alpha.invalid:443", target)
		}
		if err := hostError(target, which); err != nil {
			return fmt.Errorf("target %q is not HOST:PORT: write one such as alpha.invalid:443", target)
		}
		return fmt.Errorf("target %q has no port: write %q", target, target+":443")
	}
	if err := portError(port); err != nil {
		return err
	}
	return hostError(host, which)
}

// cutPort takes HOST:PORT apart. False: there is no port, and the host is all of text.
func cutPort(text string) (host, port string, ok bool) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return text, "", false
	}
	return host, port, true
}

func portError(port string) error {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
		return fmt.Errorf("port %q: want a number from 1 to 65535", port)
	}
	return nil
}

// urlError says what is wrong with an absolute URL that a gateway could serve.
func urlError(text string, which whichHosts) error {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" {
		return fmt.Errorf("url %q: want one such as https://alpha.invalid/v1", text)
	}
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		if err := portError(port); err != nil {
			return err
		}
	}
	return hostError(u.Hostname(), which)
}

// literalError says what is wrong with a host or target in quotes: only that it could be real.
func literalError(text string) error {
	if host, _, err := net.SplitHostPort(text); err == nil {
		return realError(host)
	}
	return realError(text)
}

// literalURLError is literalError for a URL.
func literalURLError(text string) error {
	if u, err := url.Parse(text); err == nil {
		return realError(u.Hostname())
	}
	return nil
}

// rule is what holds in a place of the text.
type rule struct {
	bare   func(text string) error // without quotes
	quoted func(text string) error // in quotes
}

// word reads a whole word by a rule.
func (r rule) word(l *Line, w Word) string {
	r.check(l, w.whole(), w.quotedWhole(), w.Column)
	return w.whole()
}

// value reads the value of name=value by a rule.
func (r rule) value(l *Line, w Word) string {
	r.check(l, w.Text, w.Quoted, w.Value)
	return w.Text
}

func (r rule) check(l *Line, text string, quoted bool, column int) {
	literal, bare := r.quoted(text), r.bare(text)
	switch {
	case quoted && literal != nil:
		l.mistakef(column, "%v", literal)
	case quoted || bare == nil:
	case literal != nil:
		l.mistakef(column, "%v", bare)
	default:
		l.mistakef(column, "%v, or quote it if it is meant so", bare)
	}
}

// write returns text without quotes where it can be read again so, else in quotes.
func (r rule) write(text string) string {
	if r.bare(text) == nil && bareable(text) {
		return text
	}
	return quote(text)
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
