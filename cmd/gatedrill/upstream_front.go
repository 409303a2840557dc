package main

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync/atomic"
)

// front is a listener of a hub. Who has it alone can change while it listens, and what becomes of a connection is
// asked when it comes.
type front struct {
	url    string
	hub    *hub
	listen net.Listener
	server *http.Server
	config *tls.Config          // nil: no TLS
	sole   atomic.Pointer[host] // nil: hosts share it
}

func newFront(h *hub, l net.Listener, s *host) *front {
	f := &front{hub: h, listen: l, url: frontURL(l, h.ca != nil)}
	if h.ca != nil {
		f.config = h.ca.TLS()
	}
	f.sole.Store(s)
	f.server = &http.Server{ErrorLog: discard}
	f.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.serve(f, w, r) })
	go f.server.Serve(frontListener{f}) // returns when close closes it
	return f
}

// only says who has the listener alone; nil: nobody.
func (f *front) only(s *host) { f.sole.Store(s) }

func (f *front) close() { _ = f.server.Close() }

// frontURL is the address as a client on this machine has it.
func frontURL(l net.Listener, withTLS bool) string {
	a := l.Addr().(*net.TCPAddr)
	address := a.String()
	if a.IP.IsUnspecified() {
		_, port, _ := net.SplitHostPort(address) // it is one
		address = net.JoinHostPort("127.0.0.1", port)
	}
	if withTLS {
		return "https://" + address
	}
	return "http://" + address
}

// frontListener is the front as net/http listens on it.
type frontListener struct{ f *front }

// Accept implements net.Listener. A connection that the script takes away is followed by the next one.
func (l frontListener) Accept() (net.Conn, error) {
	for {
		c, err := l.f.listen.Accept()
		if err != nil {
			return nil, err
		}
		if c = l.f.play(c); c != nil {
			return c, nil
		}
	}
}

// play does to a connection what the script of the listener's only host says; nil: there is none any more.
func (f *front) play(c net.Conn) net.Conn {
	if s := f.sole.Load(); s != nil {
		return s.fake.Connect(c, f.config)
	}
	if f.config == nil {
		return c
	}
	return tls.Server(c, f.config)
}

func (l frontListener) Close() error   { return l.f.listen.Close() }
func (l frontListener) Addr() net.Addr { return l.f.listen.Addr() }
