package proxy

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// ServeTLS is Serve for clients that reach the gateway itself by TLS, as curl does with
// --proxy https://…: CONNECT and its token are encrypted then, and what is inside an
// intercepted tunnel is TLS within TLS. The configuration needs a certificate in one of
// the three ways that crypto/tls knows; else the error wraps ErrConfig. It is copied,
// and only HTTP/1.1 is negotiated. A handshake has Config.TLSHandshakeTimeout, and a
// header what Serve gives it, from the handshake's end. ServeTLS and Serve may be called
// for several listeners at the same time.
func (s *Server) ServeTLS(l net.Listener, tlsConfig *tls.Config) error {
	if tlsConfig == nil || len(tlsConfig.Certificates) == 0 && tlsConfig.GetCertificate == nil && tlsConfig.GetConfigForClient == nil {
		_ = l.Close()
		return fmt.Errorf("%w: ServeTLS: %v: there is no certificate", ErrConfig, l.Addr())
	}
	return s.Serve(&tlsListener{Listener: l, s: s, config: s.listenerTLS(tlsConfig)})
}

// onlyHTTP1 is what is negotiated: HTTP/2 would pass by everything that is decided per
// connection.
var onlyHTTP1 = []string{"http/1.1"}

func (s *Server) listenerTLS(given *tls.Config) *tls.Config {
	config := s.onlyHTTP1(given.Clone())
	if choose := given.GetConfigForClient; choose != nil {
		config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			chosen, err := choose(hello)
			if err != nil || chosen == nil || slices.Equal(chosen.NextProtos, onlyHTTP1) {
				// As it is, where that will do: a copy has no session tickets in common with
				// the next.
				return chosen, err
			}
			return s.onlyHTTP1(chosen.Clone()), nil
		}
	}
	return config
}

func (s *Server) onlyHTTP1(config *tls.Config) *tls.Config {
	config.NextProtos = onlyHTTP1
	if config.Time == nil {
		config.Time = func() time.Time { return s.cfg.Clock.Now("proxy", "tls") }
	}
	return config
}

// tlsListener accepts connections whose handshake is still to come: one that takes its
// time must hold up neither the others nor Shutdown, which finds it in the ledger.
type tlsListener struct {
	net.Listener
	s      *Server
	config *tls.Config
}

func (l *tlsListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &tlsConn{Conn: tls.Server(conn, l.config), s: l.s}, nil
}

// tlsConn is a client's connection to the listener itself. It is no *tls.Conn, whose
// handshake http.Server would measure by the system's time.
type tlsConn struct {
	*tls.Conn
	s     *Server
	first sync.Once
	err   error
}

// ConnectionState is what http.Server asks for in the connection's goroutine before it
// reads, and so the moment to shake hands: the limit of the header begins after it.
func (c *tlsConn) ConnectionState() tls.ConnectionState {
	c.handshake()
	return c.Conn.ConnectionState()
}

func (c *tlsConn) Read(p []byte) (int, error) {
	if c.handshake(); c.err != nil {
		return 0, io.EOF // there is nobody to answer
	}
	return c.Conn.Read(p)
}

// handshake happens once. What waits for it is the one goroutine that a connection has
// until its first request is read.
func (c *tlsConn) handshake() {
	c.first.Do(func() {
		limit := c.s.closeAfter(c.NetConn(), c.s.cfg.TLSHandshakeTimeout, "handshake")
		defer limit.stop()
		if c.err = c.Handshake(); c.err == nil {
			return
		}
		c.s.log.Info("handshake failed", "client", c.RemoteAddr().String(), "error", c.err)
		var record tls.RecordHeaderError
		if errors.As(c.err, &record) && record.Conn != nil {
			sayTLS(record.Conn, "this proxy is reached by TLS: set it as https://")
		}
	})
}
