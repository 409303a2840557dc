package proxy

import (
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// canonicalHost brings a hostname into the one form that snapshots are keyed by:
// lower case, no trailing dot, IP addresses in their shortest form, international
// names as ASCII (as net/http dials them). A name in that form already is returned
// as it is, without an allocation.
func canonicalHost(host string) string {
	plain, ascii, colon := true, true, false
	for i := 0; i < len(host); i++ {
		switch c := host[i]; {
		case 'A' <= c && c <= 'Z':
			plain = false
		case c >= 0x80:
			plain, ascii = false, false
		case c == ':':
			colon = true
		}
	}
	if !plain {
		if !ascii {
			if name, err := idna.Lookup.ToASCII(host); err == nil {
				host = name
			}
		}
		host = strings.ToLower(host)
	}
	host = strings.TrimSuffix(host, ".")
	if colon {
		if addr, err := netip.ParseAddr(host); err == nil {
			return addr.String()
		}
	}
	return host
}
