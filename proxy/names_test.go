package proxy_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
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

// readAnswer reads the body of an answer of the gateway's own.
func readAnswer(t testing.TB, resp *http.Response) answer {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return answer{resp, string(body), err}
}

// connectOver sends a CONNECT on a connection and returns the answer.
func connectOver(t testing.TB, conn net.Conn, target, token string) (*rawTunnel, *http.Response) {
	t.Helper()
	lines := "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n"
	if token != "" {
		lines += "Proxy-Authorization: Basic " + b64("u:"+token) + "\r\n"
	}
	_, err := io.WriteString(conn, lines+"\r\n")
	require.NoError(t, err)
	br := bufio.NewReader(conn)
	resp, err := http.ReadResponse(br, &http.Request{Method: http.MethodConnect})
	require.NoError(t, err)
	return &rawTunnel{t: t, conn: conn, br: br}, resp
}

// status is the answer to a CONNECT.
func (b *bubble) status(target string) int {
	b.t.Helper()
	conn, err := b.net.dial(b.t.Context(), "tcp", "gateway:1")
	require.NoError(b.t, err)
	defer conn.Close()
	_, resp := connectOver(b.t, conn, target, "")
	return resp.StatusCode
}
