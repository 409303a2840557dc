package sim

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// Connect implements drill.World.
func (w *World) Connect(ctx context.Context, client, target string, o drill.ConnectOptions) error {
	if t := w.dial(ctx, client, target, o, false); t != nil {
		w.clients.put(t)
	}
	return nil
}

// dial opens a tunnel and observes how that went; a nil tunnel was refused.
// passing says that the tunnel is for a single request.
func (w *World) dial(ctx context.Context, client, target string, o drill.ConnectOptions, passing bool) *tunnel {
	asked := w.since()
	bare, conn, err := w.reach(ctx, client, gatewayAddress)
	if err != nil {
		w.refused(ctx, trace.TunnelRefused{Client: client, Host: target, Reason: reason(err)})
		return nil
	}
	t := &tunnel{client: client, target: target, host: hostOf(target), token: w.token(o.Token), conn: conn, in: bufio.NewReader(conn), bare: bare, asked: asked}
	defer context.AfterFunc(ctx, bare.Reset)()
	if o.Stall != drill.StallNever {
		return w.stall(t, o)
	}
	if refused := w.connect(t, o, passing); refused != nil {
		conn.Close() // the gateway may have closed it already
		w.refused(ctx, *refused)
		return nil
	}
	return t
}

// refused notes that there is no tunnel, unless it was the client that left.
func (w *World) refused(ctx context.Context, f trace.TunnelRefused) {
	if ctx.Err() != nil {
		w.log.Observe(trace.ClientLeft{Had: trace.ClientHas{Client: f.Client}})
		return
	}
	w.log.Observe(f)
}

// connect speaks CONNECT, and TLS inside; it says why when that is refused.
func (w *World) connect(t *tunnel, o drill.ConnectOptions, passing bool) *trace.TunnelRefused {
	refused := &trace.TunnelRefused{Client: t.client, Host: t.target}
	if err := t.conn.SetDeadline(w.clock.Now().Add(patience)); err != nil {
		refused.Reason = reason(err)
		return refused
	}
	head := w.connectHead(t, o)
	if o.Hello != drill.HelloWithConnect {
		if _, err := io.WriteString(t.conn, head); err != nil {
			refused.Reason = reason(err)
			return refused
		}
		if !t.accepted(refused) {
			return refused
		}
		head = ""
	}
	opened := trace.TunnelOpened{Client: t.client, Host: t.target, Passing: passing, Asked: t.asked}
	if !strings.HasSuffix(t.target, ":80") {
		conn := net.Conn(&buffered{Conn: t.conn, r: t.in})
		if head != "" {
			conn = &eager{Conn: conn, head: head, accepted: func() bool { return t.accepted(refused) }}
		}
		if err := w.handshake(t, conn, o, &opened); err != nil {
			if refused.Status == 0 && refused.Reason == "" {
				refused.Reason = reason(err)
			}
			return refused
		}
	}
	if t.way = trace.WayTunnel; !opened.Intercepted {
		t.way = trace.WayRaw
	}
	w.log.Observe(opened)
	return nil
}

// handshake does TLS inside the tunnel, and sees from the certificate who is at
// the other end.
func (w *World) handshake(t *tunnel, inner net.Conn, o drill.ConnectOptions, opened *trace.TunnelOpened) error {
	roots := []*authority{w.ca, w.public}
	if o.Trust == drill.TrustNone {
		roots = nil
	}
	name := t.host
	if o.SNI != "" {
		name = o.SNI
	}
	conn := tls.Client(inner, &tls.Config{
		ServerName:                  name,
		NextProtos:                  o.ALPN,
		ClientSessionCache:          w.clients.session(o.Session),
		DynamicRecordSizingDisabled: true,
		CurvePreferences:            quickCurves(),
		// Verified by hand below: the name in the certificate is the tunnel's, whatever SNI says.
		InsecureSkipVerify: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			host := t.host
			if s.DidResume {
				host = "" // the certificate is that of the older session, whose host was another one
			}
			for _, root := range roots {
				_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: root.roots, DNSName: host, CurrentTime: w.clock.Now()})
				if err == nil {
					opened.Intercepted = root == w.ca
					return nil
				}
			}
			return errUntrusted
		},
	})
	if err := conn.Handshake(); err != nil {
		return err
	}
	t.conn, t.in = conn, bufio.NewReader(conn)
	opened.Resumed = conn.ConnectionState().DidResume
	if o.ALPN != nil {
		opened.Agreed = cmp.Or(conn.ConnectionState().NegotiatedProtocol, "none")
	}
	if opened.Intercepted {
		opened.Provider = trace.Unobserved
		if inspector, ok := w.gateway.(Inspector); ok {
			if provider, live := inspector.Provider(t.host); live {
				opened.Provider = provider
			} else {
				opened.Provider = "nobody"
			}
		}
	}
	return nil
}

var errUntrusted = errors.New("the client does not trust the certificate")

// token is the gateway token that a client presents.
func (w *World) token(c drill.Credential) string {
	switch c.Kind {
	case drill.CredentialNone:
		return ""
	case drill.CredentialAlias:
		return w.secrets.of(check.Token, c.Text)
	case drill.CredentialText:
		return c.Text
	}
	if w.settings.Auth == drill.AuthNone {
		return ""
	}
	return w.secrets.of(check.Token, tokenAlias)
}
