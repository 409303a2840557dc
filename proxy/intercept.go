package proxy

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"

	"github.com/coder/quartz"
)

// firstRead is how much of a tunnel's first request is read before the inner server
// gets the tunnel.
const firstRead = 4 << 10

// innerTLS is the configuration that all intercepted tunnels share, so that sessions
// resume. The certificate is the CONNECT host's, whatever the SNI says: what the SNI
// says is compared per request, since a resumed session never asks for a certificate.
func (s *Server) innerTLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		Time:       func() time.Time { return s.cfg.Clock.Now("proxy", "tls") },
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			t, ok := hello.Conn.(*tunnel)
			if !ok {
				return nil, errors.New("proxy: handshake outside a tunnel")
			}
			return s.leaves.get(t.host)
		},
	}
}

// intercept accepts the tunnel, takes the client through the handshake, waits for its
// first bytes and hands it to the inner server, which has no limit of its own for the
// rest before a first request.
func (s *Server) intercept(t *tunnel) {
	handed := false
	defer func() {
		if !handed {
			_ = t.Close()
			s.conns.remove(t.accepted)
			s.recordTunnelEnd(t, 0, 0)
		}
	}()
	if _, err := io.WriteString(t, established); err != nil {
		return
	}
	s.recordTunnel(t)
	s.metrics.intercepted.Inc()
	s.conns.mark(t.accepted, t, false) // nothing to finish before the first request

	client := tls.Server(t, s.tlsInner)
	limit := s.closeAfter(t, s.cfg.TLSHandshakeTimeout, "handshake")
	err := client.Handshake()
	limit.stop()
	if err != nil {
		s.log.Info("handshake failed", "id", t.id, "connect", t.dial, "provider", t.provider, "error", err)
		refusePlaintext(err)
		return
	}
	s.conns.mark(t.accepted, client, false)
	limit = s.closeAfter(t, s.cfg.IdleTimeout, "first")
	first := make([]byte, firstRead)
	n, err := client.Read(first)
	limit.stop()
	if err != nil {
		_ = client.Close()
		return
	}
	handed = s.tunnels.put(&innerConn{Conn: client, tunnel: t, first: first[:n]})
}

// refusePlaintext tells a client that spoke HTTP where TLS was due, as net/http does.
func refusePlaintext(err error) {
	var record tls.RecordHeaderError
	if !errors.As(err, &record) || record.Conn == nil {
		return
	}
	sayTLS(record.Conn, "this tunnel expects TLS")
}

func sayTLS(conn net.Conn, why string) {
	_, _ = io.WriteString(conn, "HTTP/1.0 400 Bad Request\r\n"+
		"Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"+
		"Bad Request: "+why)
}

// innerConn is an intercepted tunnel as the inner server sees it: decrypted, with the
// bytes that intercept has read. It is no *tls.Conn, so that net/http neither repeats
// the handshake nor measures it by its own limits, but it has ConnectionState.
type innerConn struct {
	*tls.Conn
	tunnel *tunnel
	first  []byte
}

func (c *innerConn) Read(p []byte) (int, error) {
	if len(c.first) > 0 {
		n := copy(p, c.first)
		if c.first = c.first[n:]; len(c.first) == 0 {
			c.first = nil // or the tunnel would keep it
		}
		return n, nil
	}
	return c.Conn.Read(p)
}

// limit closes a connection when its time is up. A timer of the clock's, and not a
// deadline of the connection's: those are measured by the system's time.
type limit struct{ timer *quartz.Timer }

func (s *Server) closeAfter(conn net.Conn, d time.Duration, tag string) limit {
	if d <= 0 {
		return limit{}
	}
	return limit{s.cfg.Clock.AfterFunc(d, func() { _ = conn.Close() }, "proxy", tag)}
}

func (l limit) stop() {
	if l.timer != nil {
		l.timer.Stop()
	}
}
