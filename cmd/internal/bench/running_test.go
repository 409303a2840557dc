package bench_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/cmd/internal/bench"
	"github.com/gatedrill/gatedrill/cmd/internal/config"
	"github.com/gatedrill/gatedrill/proxy"
)

// setup makes a setup whose providers have names, which dial resolves.
func setup(t *testing.T) (s *bench.Setup, dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	at := l.Addr().String()
	require.NoError(t, l.Close())
	dir := t.TempDir()
	_, err = bench.MakeSetup(dir, at, "p{n}.bench.test")
	require.NoError(t, err)
	s, err = bench.OpenSetup(dir)
	require.NoError(t, err)
	var d net.Dialer
	return s, func(ctx context.Context, network, _ string) (net.Conn, error) { return d.DialContext(ctx, network, at) }
}

func rootsOf(t *testing.T, path string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(text))
	return roots
}

// serves runs the reference gateway as the setup's own configuration has it, but for its
// addresses.
func serves(t *testing.T, s *bench.Setup, dial func(ctx context.Context, network, address string) (net.Conn, error)) (byProxy, byBase string, roots *x509.CertPool) {
	t.Helper()
	loaded, err := config.Load(s.Config(), config.Options{})
	require.NoError(t, err)
	require.Empty(t, loaded.Rows)
	cfg, err := loaded.Settings()
	require.NoError(t, err)
	cfg.Dial, cfg.RootCAs = dial, rootsOf(t, s.Authority())
	rows := proxy.Static{}
	for _, p := range s.Providers {
		rows = append(rows, proxy.Provider{Name: p.Name, Type: p.Type, BaseURL: p.BaseURL, Keys: []string{p.Key}})
	}
	cfg.Source = rows
	g, err := proxy.New(cfg)
	require.NoError(t, err)
	require.NoError(t, g.Reload(t.Context()))
	var at []string
	for _, serve := range []func(net.Listener) error{g.Serve, g.ServeBaseURL} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		go func() { _ = serve(l) }()
		at = append(at, l.Addr().String())
	}
	t.Cleanup(func() {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		_ = g.Shutdown(now)
	})
	roots = x509.NewCertPool()
	roots.AddCert(g.CA().Certificate())
	return at[0], at[1], roots
}

// A gateway that runs already is measured by each style of credential, and the witnesses
// see its requests where they belong.
func TestAgainstAGatewayThatRuns(t *testing.T) {
	t.Parallel()
	s, dial := setup(t)
	byProxy, byBase, roots := serves(t, s, dial)
	base := "http://" + s.Token + "@" + byBase + proxy.DefaultBridgePrefix
	others := bench.Others{Setup: s, Roots: roots, Against: []string{
		"proxy=http://bench:" + s.Token + "@" + byProxy,
		"bearer=" + base + "/{provider}",
		"x-api-key=" + base + "/{provider}",
	}}
	r, err := bench.Proxy(t.Context(), brief(others), io.Discard)
	require.NoError(t, err)
	seen := map[string]int{}
	for _, p := range r.Phases {
		seen[p.Target]++
		assert.Empty(t, p.Misrouted, "%s, %s", p.Target, p.Name)
		assert.Empty(t, p.Errors, "%s, %s", p.Target, p.Name)
		assert.Equal(t, strings.Contains(p.Target, " 127."), p.Elsewhere, p.Target)
	}
	for _, name := range []string{"proxy " + byProxy, "bearer " + byBase, "x-api-key " + byBase} {
		assert.Equal(t, 8, seen[name], name)
	}
	var text strings.Builder
	require.NoError(t, r.Table(&text))
	assert.Contains(t, text.String(), "elsewhere")
	require.NoError(t, r.JSON(&text))
	assert.NotContains(t, text.String(), s.Token, "no report has the credential")

	o := small() // has streams, too
	o.Others = others
	o.Storms = nil
	r, err = bench.Reload(t.Context(), o, io.Discard)
	require.NoError(t, err)
	assert.Zero(t, r.Faults())
	assert.Len(t, r.Phases, 5)
	for _, p := range r.Phases {
		assert.NotZero(t, p.Latency["stream"].Count, p.Target)
	}
}

// gatewayByBase is a gateway of a few lines, which sends a request to the host that route
// says, and with the key that it says.
func gatewayByBase(t *testing.T, s *bench.Setup, dial func(ctx context.Context, network, address string) (net.Conn, error), route func(provider int) (to, key int)) string {
	p := &httputil.ReverseProxy{
		Transport: &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: rootsOf(t, s.Authority())}},
		Rewrite: func(r *httputil.ProxyRequest) {
			_, name, _ := strings.Cut(r.In.URL.Path, "/ai/")
			name, path, _ := strings.Cut(name, "/")
			at := slices.IndexFunc(s.Providers, func(p bench.SetupProvider) bool { return p.Name == name })
			to, key := route(at)
			r.Out.URL = &url.URL{Scheme: "https", Host: strings.TrimPrefix(s.Providers[to].BaseURL, "https://"), Path: "/" + path, RawQuery: r.In.URL.RawQuery}
			r.Out.Host = r.Out.URL.Host
			r.Out.Header.Set("Authorization", "Bearer "+s.Providers[key].Key)
		},
	}
	srv := httptest.NewServer(bench.BodyFirst(p))
	t.Cleanup(srv.Close)
	return "bearer=" + srv.URL + "/ai/{provider}"
}

// What another gateway does wrong under load is counted; what it does wrong from the
// beginning is told before anything is measured.
func TestAgainstAGatewayThatMisroutes(t *testing.T) {
	t.Parallel()
	const providers = 8 // that speak OpenAI's format
	for _, test := range []struct {
		name  string
		route func(provider int) (to, key int)
		want  string
	}{
		{"wrong provider", func(at int) (int, int) { return (at + 1) % providers, (at + 1) % providers }, "wrong provider"},
		{"wrong key", func(at int) (int, int) { return at, (at + 1) % providers }, "wrong key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, dial := setup(t)
			var asked atomic.Int64
			against := gatewayByBase(t, s, dial, func(at int) (int, int) {
				if asked.Add(1) <= providers {
					return at, at // it behaves while it is tried out
				}
				return test.route(at)
			})
			o := brief(bench.Others{Setup: s, Against: []string{against}})
			o.Rounds = 1
			r, err := bench.Proxy(t.Context(), o, io.Discard)
			require.NoError(t, err)
			assert.NotZero(t, r.Faults())
			for _, p := range r.Phases {
				if p.Elsewhere {
					assert.Equal(t, p.Requests, p.Misrouted[test.want], "%s: %v", p.Name, p.Misrouted)
				} else {
					assert.Empty(t, p.Misrouted, p.Target)
				}
			}

			s, dial = setup(t)
			o.Setup, o.Against = s, []string{gatewayByBase(t, s, dial, test.route)}
			_, err = bench.Proxy(t.Context(), o, io.Discard)
			assert.ErrorContains(t, err, "a request for p1.bench.test was misrouted: map["+test.want+":1]")
		})
	}
}

// A gateway that answers by itself is not as fast as that.
func TestAgainstAGatewayThatAnswersByItself(t *testing.T) {
	t.Parallel()
	s, dial := setup(t)
	honest := strings.TrimPrefix(gatewayByBase(t, s, dial, func(at int) (int, int) { return at, at }), "bearer=")
	to, err := url.Parse(strings.TrimSuffix(honest, "/ai/{provider}"))
	require.NoError(t, err)
	var asked atomic.Int64
	pass := httputil.NewSingleHostReverseProxy(to)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) <= 8 {
			pass.ServeHTTP(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"from": "a cache"}`)
	}))
	defer srv.Close()
	o := brief(bench.Others{Setup: s, Against: []string{"bearer=" + srv.URL + "/ai/{provider}"}})
	o.Rounds = 1
	r, err := bench.Proxy(t.Context(), o, io.Discard)
	require.NoError(t, err)
	for _, p := range r.Phases {
		if p.Elsewhere {
			assert.Equal(t, map[string]int{"answered by nobody": p.Requests}, p.Misrouted, p.Name)
		}
	}

	_, err = bench.Proxy(t.Context(), o, io.Discard)
	assert.ErrorContains(t, err, "was answered 200, and never came to that provider")
}

// What keeps a run from measuring a gateway is told with its place, and without the
// credential.
func TestAgainstAGatewayThatRefuses(t *testing.T) {
	t.Parallel()
	s, dial := setup(t)
	byProxy, byBase, roots := serves(t, s, dial)
	const wrong = "another-token"
	for _, test := range []struct {
		against string
		roots   *x509.CertPool
		want    string
	}{
		{"proxy=http://bench:" + wrong + "@" + byProxy, roots, "bench: proxy " + byProxy + ": a request for p1.bench.test: Proxy Authentication Required"},
		{"proxy=http://bench:" + s.Token + "@" + byProxy, nil, "certificate signed by unknown authority"},
		{"bearer=http://" + wrong + "@" + byBase + proxy.DefaultBridgePrefix + "/{provider}", nil, "was answered 401 Unauthorized: "},
		{"bearer=http://" + byBase + proxy.DefaultBridgePrefix + "/{provider}", nil, "was answered 401 Unauthorized: "},
		{"bearer=http://" + s.Token + "@" + byBase + proxy.DefaultBridgePrefix + "/nobody", nil, "was answered 404 Not Found: "},
		{"style=http://" + wrong + "@" + byBase, nil, `"style=…": the style is one of [proxy bearer x-api-key]`},
		{"bearer=ftp://" + wrong + "@" + byBase, nil, "against bearer=…: http://CREDENTIAL@HOST:PORT"},
		{"bearer=http://user:" + wrong + "@" + byBase, nil, "without a colon"},
		{"bearer=http://" + wrong + "@%zz", nil, "against bearer=…: http://CREDENTIAL@HOST:PORT"},
	} {
		_, err := bench.Proxy(t.Context(), brief(bench.Others{Setup: s, Roots: test.roots, Against: []string{test.against}}), io.Discard)
		require.ErrorContains(t, err, test.want, test.against)
		assert.NotContains(t, err.Error(), wrong)
		assert.NotContains(t, err.Error(), s.Token)
	}
}

func TestAgainstRefusesTheSameTwice(t *testing.T) {
	s, _ := setup(t)
	_, err := bench.Proxy(t.Context(), brief(bench.Others{Setup: s, Against: []string{"bearer=http://a@127.0.0.1:1/x", "bearer=http://b@127.0.0.1:1/y"}}), io.Discard)
	require.ErrorIs(t, err, bench.ErrOptions)
	assert.ErrorContains(t, err, "against bearer 127.0.0.1:1 twice")
}

func TestSetupIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	made, err := bench.MakeSetup(dir, ":9443", bench.SetupHosts)
	require.NoError(t, err)
	read, err := bench.OpenSetup(dir)
	require.NoError(t, err)
	assert.Equal(t, made.Providers, read.Providers)
	assert.Equal(t, made.Token, read.Token)
	assert.Equal(t, "https://127.77.0.16:9443", read.Providers[15].BaseURL)
	for _, name := range []string{"setup.json", "gatedrill.yaml", "ca.pem"} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Zero(t, info.Mode().Perm()&0o077, "%s has secrets", name)
	}
	loaded, err := config.Load(read.Config(), config.Options{})
	require.NoError(t, err)
	assert.Empty(t, loaded.Rows, "every provider is in order")
	assert.Len(t, loaded.Providers, 16)
}

func TestSetupRefuses(t *testing.T) {
	_, err := bench.MakeSetup(t.TempDir(), "9443", "p.bench.test")
	require.ErrorIs(t, err, bench.ErrOptions)
	for _, want := range []string{`listen "9443"`, `hosts "p.bench.test": {n} is missing`, "are names, on which nobody can listen"} {
		assert.ErrorContains(t, err, want)
	}
	_, err = bench.MakeSetup(t.TempDir(), ":0", bench.SetupHosts)
	assert.ErrorContains(t, err, `listen ":0"`)
	dir := t.TempDir()
	_, err = bench.OpenSetup(dir)
	assert.ErrorContains(t, err, "no setup, which gatedrill bench setup makes")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "setup.json"), []byte("{}"), 0o600))
	_, err = bench.OpenSetup(dir)
	assert.ErrorContains(t, err, "setup.json is no setup")
	assert.NotContains(t, err.Error(), "%!")
}
