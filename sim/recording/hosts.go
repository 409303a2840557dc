package recording

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// hosts gives real hosts names that are nobody's (RFC 2606).
type hosts struct{ names map[string]string }

// name is what a host is called in the drill.
func (h *hosts) name(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if strings.HasSuffix(host, ".invalid") {
		return host
	}
	if name := h.names[host]; name != "" {
		return name
	}
	label := strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, host), "-")
	if label == "" || len(label) > 50 {
		label = "host"
	}
	name := label + ".invalid"
	for n := 2; h.taken(name); n++ {
		name = label + "-" + strconv.Itoa(n) + ".invalid"
	}
	h.names[host] = name
	return name
}

func (h *hosts) taken(name string) bool {
	for _, other := range h.names {
		if other == name {
			return true
		}
	}
	return false
}

// target is "host" or "host:port".
func (h *hosts) target(text string) string {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return h.name(strings.Trim(text, "[]"))
	}
	return h.name(host) + ":" + port
}

// url is a base URL. One that does not parse is written as it was, in quotes.
func (h *hosts) url(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return strconv.Quote(text)
	}
	return quoted(u.Scheme + "://" + h.target(u.Host) + u.EscapedPath())
}
