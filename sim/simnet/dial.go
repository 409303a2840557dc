package simnet

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Dialer gives an actor its way into the network, with the signature of
// net.Dialer.DialContext. The n-th connection of the actor to one address is
// named "actor>host#n", also when its IP address is dialled; the port is left out
// when it is 443.
func (n *Network) Dialer(actor string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return n.dial(ctx, actor, actor+">"+shortAddress(n.named(address)), true, address)
	}
}

// Dial opens a connection with a name of its own, for an actor that has one
// connection at a time: the first is named after the actor, the second
// "actor#2".
func (n *Network) Dial(ctx context.Context, actor, address string) (net.Conn, error) {
	return n.dial(ctx, actor, actor, false, address)
}

type dialCount struct {
	n     int
	epoch uint64
}

func (n *Network) dial(ctx context.Context, actor, route string, always bool, address string) (net.Conn, error) {
	host, port, err := splitAddress(address)
	if err != nil {
		return nil, n.opError("dial", address, err)
	}
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return nil, n.opError("dial", address, ErrClosed)
	}
	ip, known := n.lookupLocked(host)
	if !known {
		n.mu.Unlock()
		return nil, n.opError("dial", address, notFound(host))
	}
	name, count := n.nameLocked(route, always)
	n.mu.Unlock()

	from := &net.TCPAddr{IP: actorIP(actor), Port: 40000 + count%20000}
	near, far := n.newPair(name, from, &net.TCPAddr{IP: ip, Port: port})
	o := &opening{address: endpoint(ip, port), far: far, done: make(chan error, 1)}
	near.out.opening = o
	n.enqueue(near.out, kindOpen, nil)
	select {
	case err := <-o.done:
		if err != nil {
			return nil, n.opError("dial", address, err)
		}
		n.track(near)
		return near, nil
	case <-ctx.Done():
		if o.cancel() {
			near.Close()
		}
		return nil, n.opError("dial", address, context.Cause(ctx))
	}
}

// nameLocked numbers the connections of one route in the order of dialling. Two
// of them within one step of the driver are a tie.
func (n *Network) nameLocked(route string, always bool) (string, int) {
	c := n.dialled[route]
	if c == nil {
		c = &dialCount{}
		n.dialled[route] = c
	} else if c.epoch == n.epoch {
		n.ties++
	}
	c.n++
	c.epoch = n.epoch
	if c.n == 1 && !always {
		return route, c.n
	}
	return fmt.Sprintf("%s#%d", route, c.n), c.n
}

// opening is a dial under way.
type opening struct {
	address string // of the listener: IP and port
	far     *Conn
	done    chan error

	mu        sync.Mutex
	cancelled bool
	accepted  bool
}

// cancel gives the dial up, and says whether it had been accepted already.
func (o *opening) cancel() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cancelled = true
	return o.accepted
}

// open is called by the driver when a dial reaches its address.
func (n *Network) open(d *delivery) {
	o := d.flow.opening
	n.mu.Lock()
	l := n.listeners[o.address]
	n.mu.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.cancelled:
	case l == nil || !l.offer(o.far):
		o.done <- syscall.ECONNREFUSED
	default:
		o.accepted = true
		n.track(o.far)
		o.done <- nil
	}
}

// Listener accepts the connections of one address.
type Listener struct {
	net     *Network
	address string
	addr    net.Addr

	mu      sync.Mutex
	cond    sync.Cond
	pending []*Conn
	closed  bool
}

// Listen takes an address, "host:port", and makes its host known. It fails with
// ErrAddrInUse.
func (n *Network) Listen(address string) (*Listener, error) {
	host, port, err := splitAddress(address)
	if err != nil {
		return nil, n.opError("listen", address, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	ip, known := n.lookupLocked(host)
	if !known {
		ip = hostIP(canonical(host))
		n.hosts[canonical(host)] = ip
		n.names[ip.String()] = canonical(host)
	}
	at := endpoint(ip, port)
	if n.listeners[at] != nil {
		return nil, n.opError("listen", address, ErrAddrInUse)
	}
	l := &Listener{net: n, address: at, addr: &net.TCPAddr{IP: ip, Port: port}}
	l.cond.L = &l.mu
	n.listeners[at] = l
	return l, nil
}

// Accept implements net.Listener; it returns net.ErrClosed after Close.
func (l *Listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.pending) == 0 {
		if l.closed {
			return nil, l.net.opError("accept", l.address, net.ErrClosed)
		}
		l.cond.Wait()
	}
	c := l.pending[0]
	l.pending = l.pending[1:]
	return c, nil
}

func (l *Listener) offer(c *Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.pending = append(l.pending, c)
	l.cond.Signal()
	return true
}

// Close gives the address back; connections that nobody accepted are reset.
func (l *Listener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return net.ErrClosed
	}
	l.closed = true
	left := l.pending
	l.pending = nil
	l.cond.Broadcast()
	l.mu.Unlock()

	l.net.mu.Lock()
	delete(l.net.listeners, l.address)
	l.net.mu.Unlock()
	for _, c := range left {
		c.Reset()
	}
	return nil
}

// Addr is an IP address and a port.
func (l *Listener) Addr() net.Addr { return l.addr }

// Lookup resolves a name as the network does; it fails with a *net.DNSError.
func (n *Network) Lookup(_ context.Context, host string) ([]net.IP, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if ip, ok := n.lookupLocked(host); ok {
		return []net.IP{ip}, nil
	}
	return nil, notFound(host)
}

func notFound(host string) error {
	return &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// canonical is the one form of a name: DNS knows no case, and a final dot says
// nothing here (RFC 4343, RFC 1034 section 3.1).
func canonical(host string) string {
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

func endpoint(ip net.IP, port int) string {
	return net.JoinHostPort(ip.String(), strconv.Itoa(port))
}

func (n *Network) lookupLocked(host string) (net.IP, bool) {
	host = canonical(host)
	if ip := net.ParseIP(host); ip != nil {
		return ip, true
	}
	ip, ok := n.hosts[host]
	return ip, ok
}

// named puts the host's name into an address that has its IP, so that connections are
// named alike whether their actor resolved the name itself or had it resolved.
func (n *Network) named(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if name, known := n.names[host]; known {
		return net.JoinHostPort(name, port)
	}
	return address
}

func splitAddress(address string) (host string, port int, err error) {
	host, p, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.Atoi(p)
	if err != nil || port < 1 || port > 65535 {
		return "", 0, &net.AddrError{Err: "invalid port", Addr: address}
	}
	return host, port, nil
}

func shortAddress(address string) string {
	if host, port, err := net.SplitHostPort(address); err == nil && port == "443" {
		return host
	}
	return address
}

// actorIP and hostIP follow from the name, never from the order in which names
// turn up. Actors live in 10.0.0.0/8, hosts in a range that is public, so that
// a guard against private addresses lets them pass.
func actorIP(name string) net.IP { return ipOf(10, name) }
func hostIP(name string) net.IP  { return ipOf(11, name) }

func ipOf(net8 byte, name string) net.IP {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], mix(hash(name)))
	return net.IPv4(net8, b[0], b[1], 1+b[2]%254)
}
