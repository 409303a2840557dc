// Package loopback is the reference gateway in one call, on real sockets and in real time, for people's own tests.
// A world (package sim) is for what has to be the same each time; this is for tests that want a gateway beside the
// program that they are about.
//
//	client ──CONNECT──▶ Gateway ──TLS──▶ fakeupstream.Server
//	   └──── base URL ─────┘
//
//	up := loopback.Upstream(t, "alpha.invalid", `
//		key k0: 429 retry-after=5
//		key k1: 200
//	`)
//	gw := loopback.NewGateway(t, loopback.Provider{Upstream: up, Keys: []string{"k0", "k1"}})
//	resp, err := gw.Client().Post("https://alpha.invalid/v1/chat/completions", "application/json", body)
//	up.AssertKeys("k0", "k1")
//
// Gateways share nothing, so that tests with t.Parallel have one each; all that a gateway opens is closed when its
// test ends.
package loopback

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/proxy"
)

// Token is the gateway token unless Config.Proxy has others.
const Token = "gw-token"

// drain is how long the end of a test lets requests finish before it cuts them.
const drain = 5 * time.Second

// Provider is a row of the gateway's configuration, with a fake upstream behind it.
type Provider struct {
	// Upstream is where the provider's requests go; required. It needs TLS: Upstream makes such ones.
	Upstream *fakeupstream.Server
	// Keys are the aliases of the keys, in order. Nil: clients bring their own.
	Keys []string
	// Name is the provider's name. "": the first label of the upstream's, "alpha" of "alpha.invalid".
	Name string
	// Type is "openai", "anthropic" or "copilot". "": the upstream's Config.Vendor, and openai where it has none.
	Type string
	// BasePath is the path of the base URL. "": "/v1" for openai, none for others, as the vendors' own.
	BasePath string
	// Disabled takes the row out of service.
	Disabled bool
}

// Config says how a gateway differs from what NewGateway makes. The zero value is that.
type Config struct {
	// Proxy is the gateway's own configuration. Its Source and Dial are replaced; Tokens, RootCAs and, for the
	// upstreams to be within reach, Resolve are what NewGateway has when they are nil.
	Proxy proxy.Config
	// Providers are the rows, in order.
	Providers []Provider
}

// Gateway is a gateway that listens on loopback for the time of a test. Safe for concurrent use.
type Gateway struct {
	*proxy.Server
	// URL is where it listens as a proxy, without credentials: "http://127.0.0.1:41234".
	URL string

	t     fakeupstream.TB
	token string
	base  string // base-URL mode with the bridge's prefix; "": it is not there

	mu        sync.Mutex
	rows      []proxy.Provider
	upstreams []*fakeupstream.Server
}

// Upstream serves a script over TLS under a host name, which gateways of this package reach it by. See
// fakeupstream.NewServer for the rest.
func Upstream(t fakeupstream.TB, host, script string) *fakeupstream.Server {
	t.Helper()
	return fakeupstream.ServerConfig{
		Config: fakeupstream.Config{Name: host}, TLS: fakeupstream.ServeHTTPS,
	}.Start(t, script)
}

// NewGateway starts the reference gateway with these providers, live. A mistake in them ends the test.
func NewGateway(t fakeupstream.TB, providers ...Provider) *Gateway {
	t.Helper()
	return Config{Providers: providers}.Start(t)
}

// Start is NewGateway, otherwise as the config says.
func (cfg Config) Start(t fakeupstream.TB) *Gateway {
	t.Helper()
	g := &Gateway{t: t, token: Token}
	c := cfg.Proxy
	c.Source, c.Dial = proxy.SourceFunc(g.providers), g.dial
	if c.Tokens == nil {
		c.Tokens = []string{Token}
	}
	if len(c.Tokens) > 0 {
		g.token = c.Tokens[0]
	}
	if c.RootCAs == nil {
		c.RootCAs = x509.NewCertPool()
		for _, p := range cfg.Providers {
			if p.Upstream != nil && p.Upstream.CA() != nil {
				c.RootCAs.AddCert(p.Upstream.CA().Certificate())
			}
		}
	}
	var err error
	if g.Server, err = proxy.New(c); err != nil {
		t.Fatalf("loopback: %v", err)
		return nil
	}
	if err := g.serve(c.Auth); err != nil {
		t.Fatalf("loopback: %v", err)
		return nil
	}
	if g.base != "" {
		g.base += cmp.Or(c.BridgePrefix, proxy.DefaultBridgePrefix)
	}
	g.Provide(cfg.Providers...)
	return g
}

// serve listens twice, for clients of a proxy and for those of a base URL, until the end of the test.
func (g *Gateway) serve(auth proxy.Auth) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	g.URL = "http://" + l.Addr().String()
	var running sync.WaitGroup
	running.Go(func() { g.report(g.Serve(l)) })
	if auth != proxy.AuthAny { // which has no base-URL mode
		based, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return errors.Join(err, l.Close())
		}
		g.base = "http://" + based.Addr().String()
		running.Go(func() { g.report(g.ServeBaseURL(based)) })
	}
	g.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), drain)
		defer cancel()
		_ = g.Shutdown(ctx) // what it had to cut is for the test to see, at its client
		running.Wait()
	})
	return nil
}

func (g *Gateway) report(err error) {
	if !errors.Is(err, http.ErrServerClosed) {
		g.t.Errorf("loopback: the gateway stopped serving: %v", err)
	}
}

// Provide replaces the providers and reloads. A row that the gateway refuses is no mistake: Snapshot tells of it.
// Upstreams that are not known yet have to be trusted through Config.Proxy.RootCAs or to share a CA with one that is.
func (g *Gateway) Provide(providers ...Provider) {
	g.t.Helper()
	var rows []proxy.Provider
	var upstreams []*fakeupstream.Server
	for i, p := range providers {
		if p.Upstream == nil || p.Upstream.CA() == nil {
			g.t.Fatalf("loopback: provider %d %q has no upstream with TLS: make one with loopback.Upstream", i+1, p.Name)
			return
		}
		rows = append(rows, p.row())
		upstreams = append(upstreams, p.Upstream)
	}
	g.mu.Lock()
	g.rows, g.upstreams = rows, upstreams
	g.mu.Unlock()
	if err := g.Reload(context.Background()); err != nil {
		g.t.Fatalf("loopback: reload: %v", err)
	}
}

// row is the provider as the gateway's source has it. Keys are taught to the upstream, so that a key that no rule
// names is seen under its alias too.
func (p Provider) row() proxy.Provider {
	row := proxy.Provider{Name: p.Name, Type: p.Type, Disabled: p.Disabled}
	if row.Name == "" {
		row.Name, _, _ = strings.Cut(p.Upstream.Name(), ".")
	}
	if row.Type == "" {
		row.Type = string(p.Upstream.Vendor())
	}
	if row.Type == "" {
		row.Type = string(fakeupstream.OpenAI)
	}
	path := p.BasePath
	if path == "" && row.Type == string(fakeupstream.OpenAI) {
		path = "/v1"
	}
	row.BaseURL = "https://" + p.Upstream.Name() + path
	for _, alias := range p.Keys {
		secret := p.Upstream.Secret(alias)
		p.Upstream.Know(alias, secret)
		row.Keys = append(row.Keys, secret)
	}
	return row
}

// providers is the gateway's source.
func (g *Gateway) providers(context.Context) ([]proxy.Provider, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.rows, nil
}

// dial reaches the upstreams by their names.
func (g *Gateway) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	for _, up := range g.upstreams {
		if up.Name() == host {
			address = up.Addr()
		}
	}
	g.mu.Unlock()
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// Client returns a client that goes through the gateway as a proxy, with its token, and trusts its CA. A client of
// its own each time, whose first request is a fresh tunnel.
func (g *Gateway) Client() *http.Client {
	g.t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(g.CA().Certificate())
	return fakeupstream.ProxyClient(g.t, g.ProxyURL(), roots)
}

// ProxyURL is the gateway as HTTPS_PROXY wants it, with the token.
func (g *Gateway) ProxyURL() string {
	u := url.URL{Scheme: "http", Host: strings.TrimPrefix(g.URL, "http://"), User: url.UserPassword("gatedrill", g.token)}
	return u.String()
}

// Token is the gateway token that clients of this gateway send: the first of Config.Proxy.Tokens.
func (g *Gateway) Token() string { return g.token }

// BaseURL is a provider for clients that cannot use a proxy, as an SDK wants its base URL; the gateway's Token is
// their API key. "" where the gateway has no such mode (proxy.AuthAny).
func (g *Gateway) BaseURL(provider string) string {
	if g.base == "" {
		return ""
	}
	return g.base + "/" + provider
}
