package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
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
}

func (r *rows) Providers(context.Context) ([]proxy.Provider, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
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

// rawTunnel is a CONNECT by hand: what the test writes is what is sent.
type rawTunnel struct {
	t     testing.TB
	conn  net.Conn
	br    *bufio.Reader
	ended *atomic.Bool // inside TLS: the network ended, without a close_notify before
}

// endConn notes the end of the network.
type endConn struct {
	net.Conn
	ended *atomic.Bool
}

func (c endConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == io.EOF {
		c.ended.Store(true)
	}
	return n, err
}

// connect sends a CONNECT and returns the connection and the answer.
func (w *world) connect(target, token string) (*rawTunnel, *http.Response) {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.addr)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = conn.Close() })
	require.NoError(w.t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	auth := ""
	if token != "" {
		auth = "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("u:"+token)) + "\r\n"
	}
	_, err = fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", target, target, auth)
	require.NoError(w.t, err)
	br := bufio.NewReader(conn)
	resp, err := http.ReadResponse(br, &http.Request{Method: http.MethodConnect})
	require.NoError(w.t, err)
	return &rawTunnel{t: w.t, conn: conn, br: br}, resp
}

// tunnel opens an intercepted tunnel and shakes hands.
func (w *world) tunnel(target, token string) *rawTunnel {
	w.t.Helper()
	host, _, err := net.SplitHostPort(target)
	require.NoError(w.t, err)
	return w.tunnelAs(target, token, &tls.Config{RootCAs: w.roots, ServerName: host})
}

func (w *world) tunnelAs(target, token string, cfg *tls.Config) *rawTunnel {
	w.t.Helper()
	raw, resp := w.connect(target, token)
	require.Equal(w.t, http.StatusOK, resp.StatusCode)
	ended := &atomic.Bool{}
	client := tls.Client(endConn{raw.conn, ended}, cfg)
	require.NoError(w.t, client.Handshake())
	return &rawTunnel{t: w.t, conn: client, br: bufio.NewReader(client), ended: ended}
}

// send writes bytes, with every \n made \r\n.
func (c *rawTunnel) send(lines string) {
	c.t.Helper()
	_, err := io.WriteString(c.conn, strings.ReplaceAll(lines, "\n", "\r\n"))
	require.NoError(c.t, err)
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
	err  error // of reading the body
}

func (c *rawTunnel) read(method string) answer {
	c.t.Helper()
	resp, err := http.ReadResponse(c.br, &http.Request{Method: method})
	require.NoError(c.t, err)
	body, err := io.ReadAll(resp.Body)
	return answer{resp, string(body), err}
}

// get sends a GET with the given header lines and returns the answer.
func (c *rawTunnel) get(host, path string, headers ...string) answer {
	c.t.Helper()
	c.send("GET " + path + " HTTP/1.1\nHost: " + host + "\n")
	for _, h := range headers {
		c.send(h + "\n")
	}
	c.send("\n")
	return c.read(http.MethodGet)
}

func fetch(t *testing.T, c *http.Client, req *http.Request) answer {
	t.Helper()
	resp, err := c.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp, string(body), err}
}

func request(t *testing.T, method, target, body string, headers ...string) *http.Request {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, target, r)
	require.NoError(t, err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Add(name, value)
	}
	return req
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
