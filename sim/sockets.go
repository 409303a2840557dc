package sim

import (
	"context"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gatedrill/gatedrill/sim/simnet"
)

// How long nothing may have been written for a step to be over in real time, and for how
// long that is waited for at the most.
const (
	calmFor  = 5 * time.Millisecond
	calmMost = 100 * time.Millisecond
)

// sockets is a network of real sockets on loopback. Names of a drill have an address each
// that nobody dials but through it. Faults of a network it has none.
type sockets struct {
	wrote atomic.Int64 // bytes, in any direction that a dialler sees
	owed  atomic.Int64 // nanoseconds that went by while it settled last

	mu        sync.Mutex
	addresses map[string]string // of "host:port", where it listens
	ips       map[string]net.IP // of a host
	listeners []net.Listener
	conns     map[*socket]bool
}

func newSockets() *sockets {
	return &sockets{addresses: map[string]string{}, ips: map[string]net.IP{}, conns: map[*socket]bool{}}
}

// Listen implements network.
func (s *sockets) Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners = append(s.listeners, l)
	s.addresses[address] = l.Addr().String()
	s.addresses[net.JoinHostPort(s.ipLocked(host).String(), port)] = l.Addr().String()
	return l, nil
}

// ipLocked is a host's address: a public one, since gateways refuse to dial others.
func (s *sockets) ipLocked(host string) net.IP {
	host = strings.ToLower(host)
	if ip := net.ParseIP(host); ip != nil {
		return ip
	}
	if s.ips[host] == nil {
		n := len(s.ips) + 1
		s.ips[host] = net.IPv4(34, 1, byte(n>>8), byte(n))
	}
	return s.ips[host]
}

// Lookup implements network. Only what listens has a name.
func (s *sockets) Lookup(_ context.Context, host string) ([]net.IP, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ip := net.ParseIP(host); ip != nil {
		return []net.IP{ip}, nil
	}
	if ip := s.ips[strings.ToLower(host)]; ip != nil {
		return []net.IP{ip}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// Dial implements network.
func (s *sockets) Dial(ctx context.Context, _, address string) (net.Conn, error) {
	s.mu.Lock()
	at, ok := s.addresses[strings.ToLower(address)]
	s.mu.Unlock()
	if !ok {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", at)
	if err != nil {
		return nil, err
	}
	c := &socket{TCPConn: conn.(*net.TCPConn), of: s}
	s.mu.Lock()
	s.conns[c] = true
	s.mu.Unlock()
	return c, nil
}

// Dialer implements network.
func (s *sockets) Dialer(actor string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, _, address string) (net.Conn, error) { return s.Dial(ctx, actor, address) }
}

// Settle implements network: nothing was written for a moment, which is all that real time
// can tell. It does not wait for a stream that goes on.
func (s *sockets) Settle(ctx context.Context) error {
	began := time.Now()
	for seen, since := s.wrote.Load(), began; time.Since(since) < calmFor && time.Since(began) < calmMost; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Millisecond):
		}
		if now := s.wrote.Load(); now != seen {
			seen, since = now, time.Now()
		}
	}
	s.owed.Store(int64(time.Since(began)))
	return nil
}

// Close implements network.
func (s *sockets) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.listeners {
		_ = l.Close()
	}
	for c := range s.conns {
		_ = c.TCPConn.Close()
	}
}

// Open implements network: nobody watches who is left behind.
func (s *sockets) Open() []string { return nil }

// Ties implements network.
func (s *sockets) Ties() int { return 0 }

// Connections implements network.
func (s *sockets) Connections(simnet.Link) (all, open int) { return 0, 0 }

// Own and the rest implement network for verbs that are refused in real time.
func (s *sockets) Own(string, string)              {}
func (s *sockets) Resolve(string, ...[]netip.Addr) {}
func (s *sockets) Address(string, string)          {}
func (s *sockets) Slow(simnet.Link, time.Duration) {}
func (s *sockets) Cut(simnet.Link)                 {}
func (s *sockets) Hold(simnet.Link)                {}
func (s *sockets) Release(simnet.Link)             {}
func (s *sockets) Refuse(simnet.Link)              {}
func (s *sockets) Reset(simnet.Link)               {}
func (s *sockets) CloseFrom(simnet.Link)           {}
func (s *sockets) Forget(simnet.Link)              {}
func (s *sockets) Heal(simnet.Link)                {}

// socket is a connection as its dialler has it.
type socket struct {
	*net.TCPConn
	of *sockets
}

func (c *socket) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	c.of.wrote.Add(int64(n))
	return n, err
}

func (c *socket) Write(p []byte) (int, error) {
	n, err := c.TCPConn.Write(p)
	c.of.wrote.Add(int64(n))
	return n, err
}

// Close implements net.Conn.
func (c *socket) Close() error {
	c.of.mu.Lock()
	delete(c.of.conns, c)
	c.of.mu.Unlock()
	return c.TCPConn.Close()
}

// Reset implements bareConn.
func (c *socket) Reset() {
	_ = c.SetLinger(0) // what has ended already needs no reset
	_ = c.Close()
}
