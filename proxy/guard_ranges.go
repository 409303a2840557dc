package proxy

import "net/netip"

// public reports whether an address is one of the internet's, and anybody's to reach.
//
// The source of the ranges is RFC 6890 with the registries that it set up, as they stood
// in 2025 (iana.org/assignments/iana-ipv4-special-registry, …-ipv6-special-registry). A
// block that is not wholly globally reachable is refused as a whole: the exceptions
// inside are for protocols, and no server is found there.
func public(addr netip.Addr) bool {
	if addr = addr.Unmap(); addr.Is4() {
		return !within(notPublic4[:], addr)
	}
	if nat64.Contains(addr) {
		// What DNS64 makes of an IPv4-only name: the last four bytes are where it goes
		// (RFC 6052 section 2.2).
		b := addr.As16()
		return public(netip.AddrFrom4([4]byte(b[12:])))
	}
	// Whatever is outside has not been given to anybody, or is special: loopback, the
	// unspecified address, IPv4-compatible ones (RFC 4291 section 2.5.5.1), unique local,
	// link-local, site-local and multicast addresses, 64:ff9b:1::/48, 100::/64, 5f00::/16.
	return globalUnicast.Contains(addr) && !within(notPublic6[:], addr)
}

var (
	nat64         = netip.MustParsePrefix("64:ff9b::/96")
	globalUnicast = netip.MustParsePrefix("2000::/3") // RFC 3587
)

var notPublic4 = [...]netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),        // this network: Linux takes 0.0.0.0 for itself
	netip.MustParsePrefix("10.0.0.0/8"),       // private, RFC 1918
	netip.MustParsePrefix("100.64.0.0/10"),    // carrier-grade NAT, RFC 6598; Alibaba's metadata
	netip.MustParsePrefix("127.0.0.0/8"),      // loopback
	netip.MustParsePrefix("168.63.129.16/32"), // Azure's platform: a public address, on every host
	netip.MustParsePrefix("169.254.0.0/16"),   // link-local, RFC 3927; the metadata of most clouds
	netip.MustParsePrefix("172.16.0.0/12"),    // private
	netip.MustParsePrefix("192.0.0.0/24"),     // protocol assignments; Oracle's metadata
	netip.MustParsePrefix("192.0.2.0/24"),     // documentation, RFC 5737
	netip.MustParsePrefix("192.31.196.0/24"),  // AS112, RFC 7535: answered by whoever is near
	netip.MustParsePrefix("192.52.193.0/24"),  // AMT, RFC 7450
	netip.MustParsePrefix("192.88.99.0/24"),   // 6to4 relays, RFC 7526
	netip.MustParsePrefix("192.168.0.0/16"),   // private
	netip.MustParsePrefix("192.175.48.0/24"),  // AS112, RFC 7534
	netip.MustParsePrefix("198.18.0.0/15"),    // benchmarks, RFC 2544
	netip.MustParsePrefix("198.51.100.0/24"),  // documentation
	netip.MustParsePrefix("203.0.113.0/24"),   // documentation
	netip.MustParsePrefix("224.0.0.0/4"),      // multicast
	netip.MustParsePrefix("240.0.0.0/4"),      // reserved, broadcast
}

var notPublic6 = [...]netip.Prefix{
	netip.MustParsePrefix("2001::/23"),         // protocol assignments: Teredo, benchmarks, ORCHID
	netip.MustParsePrefix("2001:db8::/32"),     // documentation, RFC 3849
	netip.MustParsePrefix("2002::/16"),         // 6to4, RFC 3056: an IPv4 address of any kind
	netip.MustParsePrefix("2620:4f:8000::/48"), // AS112
	netip.MustParsePrefix("3fff::/20"),         // documentation, RFC 9637
}

func within(ranges []netip.Prefix, addr netip.Addr) bool {
	for _, r := range ranges {
		if r.Contains(addr) {
			return true
		}
	}
	return false
}
