package proxy_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

const plainToken = "gw-token"

// plainGateway is a gateway on loopback, with everything that a test by hand has to set
// up around it: a source to edit, a clock, names for the upstreams, a witness of the
// bridge.
type plainGateway struct {
	t      *testing.T
	server *proxy.Server
	addr   string
	source *plainSource
	clock  *quartz.Mock
	certs  plainCerts
	bridge *plainBridge
	names  testNames

	mu    sync.Mutex
	hosts map[string]string // "host:port" to a loopback address
}

func newPlainGateway(t *testing.T, change func(*proxy.Config)) *plainGateway {
	t.Helper()
	g := &plainGateway{
		t:      t,
		source: &plainSource{},
		clock:  quartz.NewMock(t).WithLogger(quartz.NoOpLogger),
		certs:  newPlainCerts(t, "alpha.invalid", "beta.invalid", "gamma.invalid"),
		bridge: &plainBridge{},
		hosts:  map[string]string{},
	}
	cfg := proxy.Config{
		Source:     g.source,
		Clock:      g.clock,
		Dial:       g.dial,
		Resolve:    g.names.resolve,
		RootCAs:    g.certs.pool(),
		Tokens:     []string{plainToken},
		WrapBridge: g.bridge.wrap,
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	g.server, err = proxy.New(cfg)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g.addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- g.server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		require.NoError(t, g.server.Shutdown(ctx))
		require.ErrorIs(t, <-served, http.ErrServerClosed)
	})
	return g
}

func (g *plainGateway) dial(ctx context.Context, network, address string) (net.Conn, error) {
	address = g.names.named(address)
	g.mu.Lock()
	to, ok := g.hosts[address]
	g.mu.Unlock()
	if !ok {
		return nil, errors.New("nothing listens at " + address)
	}
	return (&net.Dialer{}).DialContext(ctx, network, to)
}

func (g *plainGateway) reload(list ...proxy.Provider) {
	g.t.Helper()
	g.source.set(nil, list...)
	require.NoError(g.t, g.server.Reload(g.t.Context()))
}

// client makes a client without a tunnel: its first request is a fresh CONNECT.
func (g *plainGateway) client() *plainClient {
	roots := g.certs.pool()
	roots.AddCert(g.server.CA().Certificate())
	return newPlainClient(g.t, g.clock, roots,
		&url.URL{Scheme: "http", Host: g.addr, User: url.UserPassword("u", plainToken)})
}

// plainSource is what the gateway's providers come from.
type plainSource struct {
	mu   sync.Mutex
	list []proxy.Provider
	err  error
}

func (s *plainSource) Providers(context.Context) ([]proxy.Provider, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list, s.err
}

func (s *plainSource) set(err error, list ...proxy.Provider) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list, s.err = list, err
}

// plainBridge writes down the targets of the requests that reach the bridge.
type plainBridge struct {
	mu      sync.Mutex
	targets []string
}

func (b *plainBridge) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.targets = append(b.targets, r.RequestURI)
		b.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// took returns what came since the last call.
func (b *plainBridge) took() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	got := b.targets
	b.targets = nil
	return got
}
