package fakeupstream

import (
	"fmt"
	"net"
	"sync"
)

// openConns are the connections of a server, those included that an answer took from net/http, which forgets them.
type openConns struct {
	mu     sync.Mutex
	open   map[*openConn]struct{}
	closed bool
}

func newOpenConns() *openConns { return &openConns{open: map[*openConn]struct{}{}} }

// openConn is a connection that is known until it is closed. Everything of TCP can be done to it.
type openConn struct {
	*net.TCPConn
	of *openConns
}

// Close implements net.Conn.
func (c *openConn) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.TCPConn.Close()
}

type openListener struct {
	net.Listener
	conns *openConns
}

func (o *openConns) on(l net.Listener) net.Listener { return openListener{l, o} }

// Accept implements net.Listener.
func (l openListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	o := &openConn{c.(*net.TCPConn), l.conns}
	l.conns.mu.Lock()
	l.conns.open[o] = struct{}{}
	closed := l.conns.closed
	l.conns.mu.Unlock()
	if closed {
		_ = o.Close()
		return nil, net.ErrClosed
	}
	return o, nil
}

// begin counts a handler, unless the server is closed.
func (o *openConns) begin(calls *sync.WaitGroup) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		calls.Add(1)
	}
	return !o.closed
}

func (o *openConns) close() {
	o.mu.Lock()
	o.closed = true
	var all []*openConn
	for c := range o.open { // they are all closed: the order shows nowhere
		all = append(all, c)
	}
	o.mu.Unlock()
	for _, c := range all {
		_ = c.Close()
	}
}

// file returns what a script's body=@name stands for.
func (cfg ServerConfig) file(name string) ([]byte, error) {
	body, ok := cfg.Files[name]
	if !ok {
		return nil, fmt.Errorf("ServerConfig.Files has no %q", name)
	}
	return body, nil
}
