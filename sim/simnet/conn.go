package simnet

import (
	"net"
	"sort"
	"time"
)

// Conn is one end of a connection. It implements net.Conn, CloseRead and
// CloseWrite, and may be used by several goroutines at once.
type Conn struct {
	net           *Network
	name          string
	local, remote net.Addr
	in, out       *flow
}

// newPair makes both ends of a connection: near dialled, far listens.
func (n *Network) newPair(name string, from, to place) (near, far *Conn) {
	outward := newFlow(n, name, Out)
	inward := newFlow(n, name, In)
	outward.from, outward.to = from.end, to.end
	inward.from, inward.to = to.end, from.end
	outward.back, inward.back = inward, outward
	near = &Conn{net: n, name: name, local: from.addr, remote: to.addr, in: inward, out: outward}
	far = &Conn{net: n, name: name, local: to.addr, remote: from.addr, in: outward, out: inward}
	return near, far
}

// place is where one end of a connection is.
type place struct {
	end  end
	addr net.Addr
}

// Name of the connection: the actor that dialled it, or "actor>host#2".
func (c *Conn) Name() string { return c.name }

// Read implements net.Conn. It returns io.EOF after the peer's end,
// syscall.ECONNRESET after a reset, and os.ErrDeadlineExceeded.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	return n, c.wrap("read", err)
}

// Write implements net.Conn. It queues a copy of p and returns at once, unless
// the direction's buffer is full.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	return n, c.wrap("write", err)
}

// Close ends both directions: the peer reads what is in flight and then
// io.EOF; what the peer still sends is answered with a reset.
func (c *Conn) Close() error {
	open, unfinished := c.endBoth()
	if !open {
		return c.wrap("close", net.ErrClosed)
	}
	if unfinished {
		c.net.enqueue(c.out, kindEnd, nil)
	}
	c.net.forget(c)
	return nil
}

// Reset tears the connection down: both ends fail with syscall.ECONNRESET, and
// what was not read yet is lost to the peer.
func (c *Conn) Reset() {
	c.endBoth()
	c.net.enqueue(c.out, kindReset, nil)
	c.net.forget(c)
}

// endBoth ends both directions at this end at once, without a word to the peer. It
// says whether the end was open, and whether it could still write.
func (c *Conn) endBoth() (open, unfinished bool) {
	c.in.lockBoth()
	defer c.in.unlockBoth()
	if open = c.in.abandonLocked(); open {
		unfinished = c.out.finishLocked()
	}
	return open, unfinished
}

// CloseWrite ends this end's direction and leaves the other one open.
func (c *Conn) CloseWrite() error {
	c.out.finish()
	return nil
}

// CloseRead drops what was received and whatever will be.
func (c *Conn) CloseRead() error {
	c.in.ignore()
	return nil
}

// LocalAddr is an IP address and a port, unless Address said otherwise.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is an IP address and a port, unless Address said otherwise.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets both deadlines, in virtual time.
func (c *Conn) SetDeadline(t time.Time) error {
	c.in.readDeadline.set(t)
	c.out.writeDeadline.set(t)
	return nil
}

// SetReadDeadline implements net.Conn, in virtual time.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.in.readDeadline.set(t)
	return nil
}

// SetWriteDeadline implements net.Conn, in virtual time.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.out.writeDeadline.set(t)
	return nil
}

func (c *Conn) wrap(op string, err error) error {
	if err == nil || isEOF(err) {
		return err
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}

func (n *Network) track(c *Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.live[c] = struct{}{}
}

func (n *Network) forget(c *Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.live, c)
}

func openNames(live map[*Conn]struct{}) []string {
	names := make([]string, 0, len(live))
	for c := range live {
		names = append(names, c.name)
	}
	sort.Strings(names)
	return names
}
