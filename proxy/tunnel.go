package proxy

import (
	"net"
	"sync"
)

// tunnel is what a CONNECT established, and all that is remembered of it: the
// request's own context ends when its handler returns.
type tunnel struct {
	net.Conn // the client's side, as hijacked, with what was read ahead

	authority
	id       string   // of the CONNECT
	accepted net.Conn // the connection as the listener gave it
	provider string   // captured at CONNECT; empty for a raw tunnel
	token    string   // from Proxy-Authorization, may be empty
}

type tunnelKey struct{}

const established = "HTTP/1.1 200 Connection established\r\n\r\n"

// CloseWrite ends the gateway's direction only.
func (t *tunnel) CloseWrite() error { return closeWrite(t.Conn) }

// tunnelListener hands intercepted tunnels to the inner server: one server, with one
// set of limits and one shutdown, instead of one per tunnel.
type tunnelListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newTunnelListener() *tunnelListener {
	return &tunnelListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

// put reports whether the inner server took the connection.
func (l *tunnelListener) put(conn net.Conn) bool {
	select {
	case l.conns <- conn:
		return true
	case <-l.done:
		return false
	}
}

func (l *tunnelListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *tunnelListener) close() { l.once.Do(func() { close(l.done) }) }

// Close implements net.Listener.
func (l *tunnelListener) Close() error { l.close(); return nil }

// Addr implements net.Listener.
func (l *tunnelListener) Addr() net.Addr { return tunnelAddr{} }

type tunnelAddr struct{}

func (tunnelAddr) Network() string { return "tunnel" }
func (tunnelAddr) String() string  { return "tunnel" }
