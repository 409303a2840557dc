package sim

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// clients are the tunnels of a world, by name.
type clients struct {
	mu      sync.Mutex
	tunnels map[string]*tunnel
	step    int
	sent    map[string]int // requests of each client in the present step
	places  sessions
}

// tunnel is an open way through the gateway to one host.
type tunnel struct {
	client string
	target string // host and port, as in CONNECT
	host   string
	token  string // the gateway token that opened it
	conn   net.Conn
	in     *bufio.Reader
	left   atomic.Bool // the client went away on its own account
	bare   bareConn    // below all TLS
	silent *silence    // nil: it says what it is told to
	busy   atomic.Bool // a request is under way
	way    trace.Way
	asked  time.Duration // when it was opened
}

func newClients() *clients { return &clients{tunnels: map[string]*tunnel{}, sent: map[string]int{}} }

func (c *clients) put(t *tunnel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tunnels[t.client] = t
}

// take removes a tunnel from the list; nil when there is none of that name.
func (c *clients) take(client string) *tunnel {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.tunnels[client]
	delete(c.tunnels, client)
	return t
}

// drop removes this very tunnel, whose name may be another's by now.
func (c *clients) drop(t *tunnel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tunnels[t.client] == t {
		delete(c.tunnels, t.client)
	}
}

func (c *clients) get(client string) *tunnel {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tunnels[client]
}

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

// Close implements drill.World.
func (w *World) Close(_ context.Context, client string) error {
	t := w.clients.take(client)
	if t == nil {
		return nil // it was refused, which is no mistake of the drill's
	}
	t.left.Store(true)
	t.close()
	return nil
}

// Request implements drill.World.
func (w *World) Request(ctx context.Context, client, target string, r drill.Request) error {
	u, err := url.Parse(target)
	if err != nil {
		return err
	}
	if r.Via != drill.ViaConnect {
		return w.requestInTheOpen(ctx, client, u, r)
	}
	port := u.Port()
	if port == "" {
		port = "443"
		if u.Scheme == "http" {
			port = "80"
		}
	}
	address := net.JoinHostPort(u.Hostname(), port)
	t := w.dial(ctx, client, address, r.Tunnel, true)
	if t == nil {
		return nil
	}
	r.Path = u.RequestURI()
	if err := w.exchange(ctx, t, r); err != nil {
		return err
	}
	t.conn.Close() // the other end may be gone already
	return nil
}

// Send implements drill.World.
func (w *World) Send(ctx context.Context, client string, r drill.Request) error {
	t := w.clients.get(client)
	if t == nil {
		w.log.Observe(trace.ClientGot{Client: client, Err: "the tunnel was refused"})
		return nil
	}
	if t.silent != nil {
		return fmt.Errorf("sim: %s has gone silent, as stall= says: it sends nothing", client)
	}
	t.busy.Store(true)
	defer t.busy.Store(false)
	return w.exchange(ctx, t, r)
}

// reason says in stable words why something ended: Go's own texts carry
// addresses, which differ.
func reason(err error) string {
	var dns *net.DNSError
	switch {
	case errors.Is(err, errUntrusted):
		return errUntrusted.Error()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("nothing within %s", patience)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return "connection closed"
	case errors.As(err, &dns):
		return "no such host"
	}
	return err.Error()
}

// buffered reads what a reader has taken from a connection already first.
type buffered struct {
	net.Conn
	r *bufio.Reader
}

func (b *buffered) Read(p []byte) (int, error) { return b.r.Read(p) }

func hostOf(target string) string {
	if host, _, err := net.SplitHostPort(target); err == nil {
		return strings.ToLower(host)
	}
	return strings.ToLower(target)
}

// closeAll ends what the drill left open, in order of names.
func (c *clients) closeAll() {
	c.mu.Lock()
	names := slices.Sorted(maps.Keys(c.tunnels))
	c.mu.Unlock()
	for _, name := range names {
		if t := c.take(name); t != nil {
			t.close()
		}
	}
}
