package simnet

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
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
		return n.dial(ctx, actor, true, address)
	}
}

// Dial opens a connection with a name of its own, for an actor that has one
// connection at a time: the first is named after the actor, the second
// "actor#2".
func (n *Network) Dial(ctx context.Context, actor, address string) (net.Conn, error) {
	return n.dial(ctx, actor, false, address)
}

type dialCount struct {
	n     int
	epoch uint64
}

// dial tries the addresses of a host one after the other, as net.Dialer does.
func (n *Network) dial(ctx context.Context, actor string, numbered bool, address string) (net.Conn, error) {
	host, port, err := splitAddress(address)
	if err != nil {
		return nil, n.opError("dial", address, err)
	}
	n.mu.Lock()
	ips, closed := n.lookupLocked(host), n.closed
	n.mu.Unlock()
	switch {
	case closed:
		return nil, n.opError("dial", address, ErrClosed)
	case len(ips) == 0:
		return nil, n.opError("dial", address, notFound(host))
	}
	for _, ip := range ips {
		var conn *Conn
		if conn, err = n.dialIP(ctx, actor, numbered, host, ip, port); err == nil {
			return conn, nil
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			break
		}
	}
	return nil, n.opError("dial", address, err)
}

func (n *Network) dialIP(ctx context.Context, actor string, numbered bool, host string, ip net.IP, port int) (*Conn, error) {
	n.mu.Lock()
	host = n.nameOfLocked(host)
	route := actor
	if numbered {
		route = actor + ">" + shortAddress(net.JoinHostPort(host, strconv.Itoa(port)))
	}
	name, count := n.nameLocked(route, numbered)
	from := place{end{name: actor}, n.fromLocked(actor, 40000+count%20000)}
	to := place{n.endLocked(host, port), &net.TCPAddr{IP: ip, Port: port}}
	n.mu.Unlock()

	near, far := n.newPair(name, from, to)
	o := &opening{address: endpoint(ip, port), far: far, done: make(chan error, 1)}
	near.out.opening = o
	n.enqueue(near.out, kindOpen, nil)
	select {
	case err := <-o.done:
		if err != nil {
			return nil, err
		}
		n.track(near)
		return near, nil
	case <-ctx.Done():
		if o.cancel() {
			near.Close()
		}
		return nil, context.Cause(ctx)
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
	if len(n.rules) > 0 && n.ruleLocked(refused, d.flow.from, d.flow.to).set {
		l = nil
	}
	n.mu.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cancelled {
		return
	}
	if n.cfg.OnDial != nil {
		address, _ := netip.ParseAddrPort(o.address) // made by endpoint
		n.cfg.OnDial(Dialed{Conn: d.flow.name, From: d.flow.from.name, Host: d.flow.to.name, Address: address})
	}
	n.track(o.far) // first: whoever gets it may close it at once
	switch {
	case l == nil || !l.offer(o.far):
		n.forget(o.far)
		o.done <- syscall.ECONNREFUSED
	default:
		o.accepted = true
		n.accept(d.flow)
		o.done <- nil
	}
}

func (n *Network) accept(f *flow) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.accepted[[2]end{f.from, f.to}]++
}

// Listener accepts the connections of one address, or of one port at every
// address of a host.
type Listener struct {
	net     *Network
	address string   // the first of them
	all     []string // IP and port
	addr    net.Addr

	mu      sync.Mutex
	cond    sync.Cond
	pending []*Conn
	closed  bool
	refuse  func() bool // nil: nothing is refused
}

// RefuseIf has the listener ask for every connection that reaches it whether to
// refuse it. It is called before the first one.
func (l *Listener) RefuseIf(refuse func() bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuse = refuse
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
	ips := n.homeLocked(host)
	l := &Listener{net: n, address: endpoint(ips[0], port), addr: &net.TCPAddr{IP: ips[0], Port: port}}
	l.cond.L = &l.mu
	for _, ip := range ips {
		at := endpoint(ip, port)
		if n.listeners[at] != nil {
			return nil, n.opError("listen", address, ErrAddrInUse)
		}
		l.all = append(l.all, at)
	}
	for _, at := range l.all {
		n.listeners[at] = l
	}
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
	if l.closed || l.refuse != nil && l.refuse() {
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
	for _, at := range l.all {
		delete(l.net.listeners, at)
	}
	l.net.mu.Unlock()
	for _, c := range left {
		c.Reset()
	}
	return nil
}

// Addr is an IP address and a port.
func (l *Listener) Addr() net.Addr { return l.addr }

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
