// Package simnet is the network of a world: in-memory listeners and
// connections by name, whose bytes are delivered by one driver goroutine in an
// order that follows from a seed.
//
//	Write ──▶ queue ──▶ heap (instant, connection, direction, index)
//	                     │
//	                     ▼ one at a time, synctest.Wait after each
//	                   driver ──▶ the peer's receive buffer ──▶ Read
//
// A network lives inside a testing/synctest bubble, where time is virtual. The
// latency of each chunk is a pure function of the seed, the connection's name,
// the direction and the chunk's index, so the drawn latencies are the schedule
// and a seed is a schedule: the same program on the same seed sees the same
// order of messages, whatever the Go scheduler does.
//
// A timer per connection would be simpler and is not enough: two timers of one
// instant wake two goroutines in an order that nobody promises. One driver that
// delivers one chunk and then waits until every goroutine is blocked again
// leaves nothing to chance between deliveries.
//
//	net := simnet.New(simnet.Config{Seed: 1})
//	l, _ := net.Listen("alpha.invalid:443")
//	go serve(l)
//	conn, _ := net.Dialer("t1")(ctx, "tcp", "alpha.invalid:443")
//
// Connections buffer (net.Pipe does not, and deadlocks in TLS's close_notify),
// offer CloseRead and CloseWrite, honour deadlines, and never sleep in Write: a
// goroutine that holds a mutex across a blocked Write would freeze time.
package simnet

import (
	"container/heap"
	"context"
	"errors"
	"net"
	"sync"
	"testing/synctest"
	"time"
)

// DefaultBuffer is how many bytes one direction of a connection holds, in
// flight and unread together, before Write blocks. It is large on purpose: a
// blocked Write is a story of its own, not the default.
const DefaultBuffer = 64 << 20

// Errors of this package. Dial wraps them in a *net.OpError, as package net does.
var (
	ErrClosed    = errors.New("simnet: network is closed")
	ErrAddrInUse = errors.New("simnet: address is in use")
)

// Config of a Network. The zero value is a network of seed 0.
type Config struct {
	// Seed draws every latency.
	Seed uint64
	// Latency of one chunk; nil means Drawn(Seed). It must be a pure function
	// and greater than zero.
	Latency Latency
	// Buffer is the capacity of each direction in bytes; 0 means DefaultBuffer.
	Buffer int
	// OnDelivery is called by the driver for every delivery, in order; nil means
	// nobody listens. It must not block.
	OnDelivery func(Delivery)
	// OnDial is called by the driver for every connection that reaches its address,
	// whether or not somebody listens there; nil means nobody cares. It must not block.
	OnDial func(Dialed)
}

// Network is a set of hosts and connections with one driver. Its methods are
// safe for concurrent use by goroutines of the bubble in which it was made.
type Network struct {
	cfg   Config
	start time.Time

	mu        sync.Mutex
	queue     deliveryHeap
	idle      bool            // the driver waits for a first delivery
	waiters   []chan struct{} // callers of Settle
	closed    bool
	listeners map[string]*Listener
	hosts     map[string]*host
	named     map[string]owner  // by IP address
	owners    map[string]string // actors, by host
	addresses map[string]string // of actors
	rules     []rule            // what was said about links
	parked    []*delivery       // what waits for its link
	forgotten []*Conn           // ends that left without a word
	accepted  map[[2]end]int    // connections, by who dialled whom
	dialled   map[string]*dialCount
	live      map[*Conn]struct{}
	epoch     uint64 // how often the driver has waited
	ties      int
	wake      chan struct{}
	done      chan struct{}
}

// New makes a network and starts its driver; it must be called inside a
// bubble. Close ends it.
func New(cfg Config) *Network {
	if cfg.Latency == nil {
		cfg.Latency = Drawn(cfg.Seed)
	}
	if cfg.Buffer == 0 {
		cfg.Buffer = DefaultBuffer
	}
	n := &Network{
		cfg:       cfg,
		start:     time.Now(),
		listeners: map[string]*Listener{},
		hosts:     map[string]*host{},
		named:     map[string]owner{},
		owners:    map[string]string{},
		addresses: map[string]string{},
		accepted:  map[[2]end]int{},
		dialled:   map[string]*dialCount{},
		live:      map[*Conn]struct{}{},
		wake:      make(chan struct{}, 1),
		done:      make(chan struct{}),
	}
	go n.drive()
	return n
}

// Settle returns once every goroutine of the bubble is blocked and nothing is
// left to deliver; what waits for a link that is cut or held is not. Timers may still be pending: Settle moves time only as far
// as the deliveries under way need. It returns ctx's error when that comes
// first, and ErrClosed on a closed network.
func (n *Network) Settle(ctx context.Context) error {
	settled := make(chan struct{})
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return ErrClosed
	}
	n.waiters = append(n.waiters, settled)
	n.nudgeLocked()
	n.mu.Unlock()
	select {
	case <-settled:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Ties counts the dials whose order the network cannot promise: two dials of
// one actor to one address with nothing delivered in between.
func (n *Network) Ties() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ties
}

// Close ends the driver. What is queued is dropped, so settle first. Listeners
// and connections are left as they are. It may be called more than once.
func (n *Network) Close() {
	n.mu.Lock()
	already := n.closed
	n.closed = true
	n.nudgeLocked()
	n.mu.Unlock()
	if !already {
		<-n.done
	}
}

// Open lists the names of connections with an end that nobody has closed, in
// order.
func (n *Network) Open() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return openNames(n.live)
}

// drive is the only goroutine that moves bytes.
func (n *Network) drive() {
	defer close(n.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		synctest.Wait()
		next, wait, state := n.next()
		switch state {
		case driverClosed:
			return
		case driverIdle:
			<-n.wake
		case driverEarly:
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-n.wake:
			}
		case driverDue:
			n.deliver(next)
		}
	}
}

type driverState int

const (
	driverIdle    driverState = iota // nothing is queued
	driverEarly                      // the first delivery lies ahead
	driverDue                        // the first delivery is due now
	driverSettled                    // somebody was told that all is quiet
	driverClosed
)

// next says what the driver has to do, with every other goroutine blocked.
func (n *Network) next() (*delivery, time.Duration, driverState) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.epoch++
	n.idle = false
	if n.closed {
		return nil, 0, driverClosed
	}
	for len(n.queue) > 0 && n.waitsLocked(n.queue[0].flow) {
		d := heap.Pop(&n.queue).(*delivery)
		d.late = true
		n.parked = append(n.parked, d)
	}
	if len(n.queue) == 0 {
		if len(n.waiters) > 0 {
			for _, w := range n.waiters {
				close(w)
			}
			n.waiters = nil
			return nil, 0, driverSettled
		}
		n.idle = true
		return nil, 0, driverIdle
	}
	first := n.queue[0]
	if wait := first.at - n.now(); wait > 0 {
		return nil, wait, driverEarly
	}
	return heap.Pop(&n.queue).(*delivery), 0, driverDue
}

func (n *Network) deliver(d *delivery) {
	if n.cfg.OnDelivery != nil {
		at := d.at
		if d.late {
			at = max(at, n.now())
		}
		n.cfg.OnDelivery(Delivery{At: at, Conn: d.flow.name, Dir: d.flow.dir, Index: d.index, Kind: d.kind})
	}
	switch d.kind {
	case kindOpen:
		n.open(d)
	case kindData:
		d.flow.arrive(d.data)
	case kindEnd:
		d.flow.end()
	case kindReset:
		d.flow.reset()
	}
}

// enqueue puts a chunk into flight. Deliveries of one direction keep their
// order: a chunk arrives at least a nanosecond after the one before it.
func (n *Network) enqueue(f *flow, kind Kind, data []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return
	}
	at := n.now() + n.cfg.Latency(f.name, f.dir, f.next)
	if len(n.rules) > 0 {
		at += n.ruleLocked(slow, f.from, f.to).more
	}
	if at <= f.last {
		at = f.last + 1
	}
	f.last = at
	d := &delivery{at: at, flow: f, index: f.next, kind: kind, data: data}
	f.next++
	n.pushLocked(d)
}

func (n *Network) pushLocked(d *delivery) {
	heap.Push(&n.queue, d)
	if n.queue[0] == d {
		n.nudgeLocked()
	}
}

// nudgeLocked wakes the driver when it sleeps; a token that is there already
// is enough, since the driver looks at everything anew.
func (n *Network) nudgeLocked() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// now is the virtual time since the network began.
func (n *Network) now() time.Duration { return time.Since(n.start) }

func (n *Network) opError(op, addr string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Addr: nameAddr(addr), Err: err}
}

// nameAddr is an address that was dialled by name.
type nameAddr string

func (nameAddr) Network() string  { return "tcp" }
func (a nameAddr) String() string { return string(a) }
