package proxy

import "net/netip"

// Public is which addresses the guard lets through without an exemption, for tests of
// every range.
func Public(addr netip.Addr) bool { return guard{}.permits(addr) }
