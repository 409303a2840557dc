package proxy

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

var errAuthority = errors.New("proxy: malformed authority")

// authority is the host and port that a CONNECT names.
type authority struct {
	host string // canonical
	port int
	dial string // "host:port" as the client wrote the host
}

// parseAuthority reads the authority-form of RFC 9112 section 3.2.3, strictly: host,
// colon, port. net/http lets much more through (a path, user information, no port),
// and what it makes of that differs from what an upstream would.
func parseAuthority(s string) (authority, error) {
	bad := func(why string) (authority, error) {
		return authority{}, fmt.Errorf("%w %q: %s", errAuthority, s, why)
	}
	host, digits, err := net.SplitHostPort(s)
	if err != nil {
		return bad("it is not host:port")
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return bad("the port is not a number")
	}
	port, err := strconv.Atoi(digits)
	if err != nil || port < 1 || port > 65535 {
		return bad("a port is 1 to 65535")
	}
	bracketed := strings.HasPrefix(s, "[")
	addr, err := netip.ParseAddr(host)
	switch {
	case bracketed && (err != nil || !addr.Is6() || addr.Zone() != ""):
		return bad("brackets are for IPv6 addresses")
	case !bracketed && !validHostname(host):
		return bad("the host is not a name")
	}
	return authority{
		host: canonicalHost(host),
		port: port,
		dial: net.JoinHostPort(host, strconv.Itoa(port)),
	}, nil
}

// validHostname accepts what resolvers accept: labels of letters, digits, hyphens
// and underscores (RFC 1123 section 2.1, and service names), at most one dot at the
// end. IPv4 addresses are of that form.
func validHostname(host string) bool {
	name := strings.TrimSuffix(host, ".")
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for i := 0; i < len(label); i++ {
			c := label[i]
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}
