package proxy_test

import (
	"context"
	"net"
	"net/netip"
	"sync"
)

// testNames gives the hosts of a test's world addresses that are public, and knows whose
// an address is when it is dialled.
type testNames struct {
	mu    sync.Mutex
	addrs map[string][]netip.Addr
	names map[netip.Addr]string
}

// set gives a host the addresses it has from now on.
func (n *testNames) set(host string, addrs ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.enterLocked(host)
	n.addrs[host] = nil
	for _, s := range addrs {
		addr := netip.MustParseAddr(s)
		n.addrs[host] = append(n.addrs[host], addr)
		n.names[addr] = host
	}
}

// resolve implements proxy.Config.Resolve: every name has an address, one of its own
// unless the test has set others.
func (n *testNames) resolve(_ context.Context, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.enterLocked(host)
	if len(n.addrs[host]) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return n.addrs[host], nil
}

func (n *testNames) enterLocked(host string) {
	if n.addrs == nil {
		n.addrs, n.names = map[string][]netip.Addr{}, map[netip.Addr]string{}
	}
	if _, ok := n.addrs[host]; ok {
		return
	}
	addr := netip.AddrFrom4([4]byte{11, 0, byte(len(n.names) / 250), byte(1 + len(n.names)%250)})
	n.addrs[host], n.names[addr] = []netip.Addr{addr}, host
}

// named turns the address of a host that was resolved into its name.
func (n *testNames) named(address string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if at, err := netip.ParseAddrPort(address); err == nil && n.names[at.Addr()] != "" {
		_, port, _ := net.SplitHostPort(address)
		return net.JoinHostPort(n.names[at.Addr()], port)
	}
	return address
}
