package providersapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/cmd/internal/providersapi"
	"github.com/gatedrill/gatedrill/cmd/internal/sqlsource"
	"github.com/gatedrill/gatedrill/proxy"
)

const (
	token = "admin-token-0123456789"
	key   = "sk-test-0123456789-abcdef"
)

// lab is a gateway whose providers are in a database, and its administrators' pages.
type lab struct {
	t      testing.TB
	db     *sqlsource.DB
	server *proxy.Server
	pages  http.Handler
	log    *safeBuffer
	fault  *error // of the source, beside the database's own
}

type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func newLab(t testing.TB) *lab {
	return openLab(t, filepath.Join(t.TempDir(), "providers.db"), proxy.Config{})
}

// openLab starts a gateway on a database, as a process does; its Close is that process's
// end.
func openLab(t testing.TB, path string, cfg proxy.Config) *lab {
	t.Helper()
	db, err := sqlsource.Open(context.Background(), sqlsource.Config{Path: path, Busy: -1})
	require.NoError(t, err)
	l := &lab{t: t, db: db, log: &safeBuffer{}, fault: new(error)}
	logger := slog.New(slog.NewTextHandler(l.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg.Logger = logger
	cfg.Source = proxy.SourceFunc(func(ctx context.Context) ([]proxy.Provider, error) {
		if *l.fault != nil {
			return nil, *l.fault
		}
		return db.Providers(ctx)
	})
	l.server, err = proxy.New(cfg)
	require.NoError(t, err)
	require.NoError(t, l.server.Reload(context.Background()))
	pages, err := providersapi.New(providersapi.Config{Store: db, Server: l.server, Token: token, Logger: logger})
	require.NoError(t, err)
	mux := http.NewServeMux()
	for _, pattern := range providersapi.Patterns() {
		mux.Handle(pattern, l.server.AdminGuard(pages, http.NotFoundHandler()))
	}
	mux.Handle("/", l.server.Admin())
	l.pages = mux
	return l
}

func (l *lab) close() {
	assert.NoError(l.t, l.server.Shutdown(context.Background()))
	assert.NoError(l.t, l.db.Close())
}

// reply is an answer of the pages.
type reply struct {
	code   int
	header http.Header
	text   string
}

// view is a provider, or problem details.
type view struct {
	Name     string
	Type     string
	BaseURL  string `json:"base_url"`
	Disabled bool
	Position int
	Keys     []struct {
		N    int
		Hint string
	}
	Live   struct{ Status, Reason, Pending string }
	Title  string
	Status int
	Detail string
	Errors []struct{ Pointer, Detail string }
}

func (r reply) view(t testing.TB) (v view) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(r.text), &v), r.text)
	return v
}

// ask sends a request: "POST /providers", a body, and "Name: value" header lines.
func (l *lab) ask(request, body string, lines ...string) reply {
	l.t.Helper()
	got := l.raw(request, body, lines...)
	for _, secret := range []string{key, token} {
		assert.NotContains(l.t, got.text, secret, "%s", request)
		assert.NotContains(l.t, l.log.String(), secret, "%s", request)
	}
	assert.Equal(l.t, "no-store", got.header.Get("Cache-Control"), "%s", request)
	if got.code >= 400 {
		assert.Equal(l.t, "application/problem+json", got.header.Get("Content-Type"), "%s", request)
		assert.Equal(l.t, got.code, got.view(l.t).Status, "%s", request)
	}
	got.header.Del(proxy.HeaderRequestID)
	return got
}

// raw is ask without a look at the answer.
func (l *lab) raw(request, body string, lines ...string) reply {
	method, target, _ := strings.Cut(request, " ")
	var from io.Reader
	if body != "" {
		from = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, target, from)
	r.Host = "127.0.0.1:9090"
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
		if value == "" {
			r.Header.Del(name)
		}
	}
	rec := httptest.NewRecorder()
	l.pages.ServeHTTP(rec, r)
	return reply{rec.Code, rec.Header(), rec.Body.String()}
}

// must is ask for what has to succeed.
func (l *lab) must(code int, request, body string, lines ...string) reply {
	l.t.Helper()
	got := l.ask(request, body, lines...)
	require.Equal(l.t, code, got.code, "%s %s: %s", request, body, got.text)
	return got
}

// statuses are the live rows, in order.
func (l *lab) statuses() (list []string) {
	for _, p := range l.server.Snapshot().Providers() {
		list = append(list, p.Name+" "+string(p.Status))
	}
	return list
}

func provider(name string, more ...string) string {
	return `{"name": "` + name + `", "type": "openai", "base_url": "http://` + name + `.invalid"` + strings.Join(append([]string{""}, more...), ", ") + `}`
}

// upstream answers for every host, with the Authorization that it was sent.
func upstream(t *testing.T) func(ctx context.Context, network, address string) (net.Conn, error) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Host+" "+r.Header.Get("Authorization"))
	}))
	t.Cleanup(server.Close)
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if !strings.HasSuffix(address, ".invalid:80") {
			return nil, errors.New("only upstreams are dialled by name")
		}
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
}

// serve serves the gateway, and returns a client of it.
func (l *lab) serve() *http.Client {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(l.t, err)
	go func() { _ = l.server.Serve(listener) }()
	via := &url.URL{Scheme: "http", Host: listener.Addr().String()}
	return &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(via)}}
}

// get asks for a host through the gateway, and returns what the upstream was sent.
func get(client *http.Client, host string) (string, error) {
	resp, err := client.Get("http://" + host + "/v1/models")
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		return resp.Status, err
	}
	return string(text), err
}
