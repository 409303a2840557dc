package proxy_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// world is a gateway on loopback with upstreams that have names: Dial maps "host:port"
// to whatever listens for it, and a CA of the world's own signs the upstreams.
type world struct {
	t      testing.TB
	server *proxy.Server
	addr   string
	source *rows
	roots  *x509.CertPool // trusts the gateway, and the upstreams for raw tunnels
	logs   *lockedBuffer
	names  testNames

	mu    sync.Mutex
	hosts map[string]string // "host:port" to the loopback address
	dials []string
	ca    *testCA // of the upstreams
}

// rows is a source that tests change.
type rows struct {
	mu   sync.Mutex
	list []proxy.Provider
	err  error

	during func() // called in each answer; nil: not
}

func (r *rows) Providers(context.Context) ([]proxy.Provider, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.during != nil {
		r.during()
	}
	return r.list, r.err
}

func (r *rows) set(list ...proxy.Provider) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list, r.err = list, nil
}

func (r *rows) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// newWorld starts a gateway; change adjusts its configuration. It is shut down, with
// everything checked to be gone, when the test ends.
func newWorld(t testing.TB, change func(*proxy.Config)) *world {
	t.Helper()
	w := &world{t: t, source: &rows{}, hosts: map[string]string{}, logs: &lockedBuffer{}}
	w.ca = newTestCA(t)
	cfg := proxy.Config{
		Source:  w.source,
		Dial:    w.dial,
		Resolve: w.names.resolve,
		RootCAs: w.ca.pool(),
		Logger:  slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	w.server, err = proxy.New(cfg)
	require.NoError(t, err)
	w.roots = w.ca.pool()
	w.roots.AddCert(w.server.CA().Certificate())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w.addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- w.server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		require.NoError(t, w.server.Shutdown(ctx))
		require.ErrorIs(t, <-served, http.ErrServerClosed)
		if t.Failed() {
			t.Log(w.logs.String())
		}
	})
	return w
}

func (w *world) dial(ctx context.Context, network, address string) (net.Conn, error) {
	address = w.names.named(address)
	w.mu.Lock()
	w.dials = append(w.dials, address)
	to, ok := w.hosts[address]
	w.mu.Unlock()
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: address, IsNotFound: true}
	}
	return (&net.Dialer{}).DialContext(ctx, network, to)
}

func (w *world) dialled() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.dials...)
}

// upstream serves handler over TLS as each of the given "host:port"s.
func (w *world) upstream(handler http.Handler, hostports ...string) *httptest.Server {
	w.t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	var names []string
	for _, hp := range hostports {
		host, _, err := net.SplitHostPort(hp)
		require.NoError(w.t, err)
		names = append(names, host)
	}
	server.TLS = &tls.Config{Certificates: []tls.Certificate{w.ca.leaf(names...)}}
	server.StartTLS()
	w.t.Cleanup(server.Close)
	for _, hp := range hostports {
		w.at(hp, server.Listener.Addr().String())
	}
	return server
}

// at makes a name reachable.
func (w *world) at(hostport, address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hosts[hostport] = address
}

func (w *world) reload() {
	w.t.Helper()
	require.NoError(w.t, w.server.Reload(w.t.Context()))
}

// client is an http.Client that goes through the gateway.
func (w *world) client(token string) *http.Client {
	proxyURL := &url.URL{Scheme: "http", Host: w.addr}
	if token != "" {
		proxyURL.User = url.UserPassword("anybody", token)
	}
	tr := &http.Transport{
		Proxy:           http.ProxyURL(proxyURL),
		TLSClientConfig: &tls.Config{RootCAs: w.roots},
	}
	w.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second}
}

var errSource = errors.New("database is down")

func writeFile(name string, data []byte) error { return os.WriteFile(name, data, 0o600) }

// counted counts the requests of a handler.
type counted struct {
	handler http.Handler
	mu      sync.Mutex
	n       int
}

func (c *counted) add() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
}

func (c *counted) get() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func (c *counted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.add()
	c.handler.ServeHTTP(w, r)
}
