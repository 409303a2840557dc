package proxy_test

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing/synctest"
	"time"
)

// memNet is a network in memory, for bubbles: sockets are not durably blocked.
type memNet struct {
	names     testNames
	mu        sync.Mutex
	listeners map[string]*memListener
}

func (n *memNet) listen(address string) *memListener {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners == nil {
		n.listeners = map[string]*memListener{}
	}
	l := newMemListener(address)
	n.listeners[address] = l
	return l
}

func (n *memNet) dial(ctx context.Context, _, address string) (net.Conn, error) {
	address = n.names.named(address)
	n.mu.Lock()
	l := n.listeners[address]
	n.mu.Unlock()
	if l == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	near, far := memPipe("192.0.2.7:40000", address)
	select {
	case l.conns <- far:
		return near, nil
	case <-l.done:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type memListener struct {
	address memAddr
	conns   chan net.Conn
	done    chan struct{}
	once    sync.Once
}

func newMemListener(address string) *memListener {
	return &memListener{address: memAddr(address), conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *memListener) Accept() (net.Conn, error) {
	select {
	case <-l.done:
		return nil, net.ErrClosed
	default:
	}
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *memListener) Addr() net.Addr { return l.address }

type memAddr string

func (memAddr) Network() string  { return "mem" }
func (a memAddr) String() string { return string(a) }

// memPipe is a connection with unlimited buffers.
func memPipe(near, far string) (a, b *memConn) {
	there, back := newMemHalf(), newMemHalf()
	a = &memConn{in: back, out: there, local: memAddr(near), remote: memAddr(far)}
	b = &memConn{in: there, out: back, local: memAddr(far), remote: memAddr(near)}
	return a, b
}

type memConn struct {
	in, out       *memHalf
	local, remote memAddr
}

func (c *memConn) Read(p []byte) (int, error)         { return c.in.read(p) }
func (c *memConn) Write(p []byte) (int, error)        { return c.out.write(p) }
func (c *memConn) CloseWrite() error                  { c.out.end(); return nil }
func (c *memConn) LocalAddr() net.Addr                { return c.local }
func (c *memConn) RemoteAddr() net.Addr               { return c.remote }
func (c *memConn) SetReadDeadline(t time.Time) error  { c.in.setDeadline(t); return nil }
func (c *memConn) SetWriteDeadline(t time.Time) error { return nil }
func (c *memConn) SetDeadline(t time.Time) error      { return c.SetReadDeadline(t) }

func (c *memConn) Close() error {
	c.in.abandon()
	c.out.end()
	return nil
}

// memHalf is one direction.
type memHalf struct {
	mu        sync.Mutex
	changed   *sync.Cond
	buf       []byte
	ended     bool // by the writer
	abandoned bool // by the reader
	deadline  time.Time
	timer     *time.Timer
}

func newMemHalf() *memHalf {
	h := &memHalf{}
	h.changed = sync.NewCond(&h.mu)
	return h
}

func (h *memHalf) read(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.abandoned:
			return 0, net.ErrClosed
		case !h.deadline.IsZero() && !time.Now().Before(h.deadline):
			return 0, os.ErrDeadlineExceeded
		case len(h.buf) > 0:
			n := copy(p, h.buf)
			h.buf = h.buf[n:]
			return n, nil
		case h.ended:
			return 0, io.EOF
		}
		h.changed.Wait()
	}
}

func (h *memHalf) write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return 0, net.ErrClosed
	}
	if h.abandoned {
		return 0, syscall.EPIPE
	}
	h.buf = append(h.buf, p...)
	h.changed.Broadcast()
	return len(p), nil
}

func (h *memHalf) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	h.changed.Broadcast()
}

func (h *memHalf) abandon() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.abandoned = true
	if h.timer != nil {
		h.timer.Stop()
	}
	h.changed.Broadcast()
}

func (h *memHalf) setDeadline(t time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deadline = t
	if h.timer != nil {
		h.timer.Stop()
	}
	if !t.IsZero() {
		h.timer = time.AfterFunc(time.Until(t), h.changed.Broadcast)
	}
	h.changed.Broadcast()
}

// pass lets virtual time pass, until everything that falls into it is done.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
