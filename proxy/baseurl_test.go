package proxy_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

const prefix = proxy.DefaultBridgePrefix

// baseURL serves base-URL mode and returns where, host:port.
func (w *world) baseURL(wrap func(net.Listener) net.Listener) string {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(w.t, err)
	address := l.Addr().String()
	if wrap != nil {
		l = wrap(l)
	}
	served := make(chan error, 1)
	go func() { served <- w.server.ServeBaseURL(l) }()
	w.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		require.NoError(w.t, w.server.Shutdown(ctx))
		require.ErrorIs(w.t, <-served, http.ErrServerClosed)
	})
	return address
}

// typed is a row of another type than openai's.
func typed(kind string, p proxy.Provider) proxy.Provider {
	p.Type = kind
	return p
}

// threeVendors is a gateway with a provider of each type, all at one upstream.
func threeVendors(t *testing.T, handler http.HandlerFunc, change func(*proxy.Config)) *world {
	w := newWorld(t, change)
	w.upstream(handler, "oa.invalid:443", "an.invalid:443", "co.invalid:443", "off.invalid:443")
	w.source.set(row("oa", "https://oa.invalid/v1", "sk-oa"), typed("anthropic", row("an", "https://an.invalid", "sk-an")),
		typed("copilot", row("co", "https://co.invalid")), disabled(row("off", "https://off.invalid", "sk-off")), row("bad", "/%zz"))
	w.reload()
	return w
}

// The token is good in the provider's own credential header, and nowhere else.
func TestBaseURLTokens(t *testing.T) {
	w := threeVendors(t, echoKey, func(c *proxy.Config) { c.Tokens = []string{"gw-token", "second"} })
	address := w.baseURL(nil)
	c := w.open(address)
	for _, tt := range []struct {
		provider, header string
		want             int
		body             string // of a good answer, or the type of the error
	}{
		{"oa", "Authorization: Bearer gw-token", 200, "GET /v1/x auth=Bearer sk-oa key="},
		{"oa", "authorization: bearer  second ", 200, "GET /v1/x auth=Bearer sk-oa key="},
		{"an", "X-Api-Key: gw-token", 200, "GET /x auth= key=sk-an"},
		{"an", "Authorization: Bearer gw-token", 200, "GET /x auth= key=sk-an"},
		{"co", "Authorization: Bearer gw-token", 200, "GET /x auth= key="},
		{"co", "Authorization: token gw-token", 200, "GET /x auth= key="},
		{"an", "Authorization: Bearer gw-token\nX-Api-Key: sk-own", 200, "GET /x auth= key=sk-an"},
		{"an", "X-Api-Key: gw-token\nAuthorization: Bearer sk-own", 200, "GET /x auth= key=sk-an"},
		{"oa", "Authorization: Bearer gw-token\nAuthorization: Bearer sk-own", 200, "GET /v1/x auth=Bearer sk-oa key="},
		{"oa", "Authorization: Bearer gw-token\nX-Api-Key: sk-own", 200, "GET /v1/x auth=Bearer sk-oa key="},
		{"oa", "X: y", 401, "invalid_request_error"},
		{"oa", "Authorization: Bearer sk-own", 401, "invalid_request_error"},
		{"oa", "Authorization: Bearer", 401, "invalid_request_error"},
		{"oa", "Authorization: Bearer gw-toke", 401, "invalid_request_error"},
		{"oa", "Authorization: Basic " + b64("u:gw-token"), 401, "invalid_request_error"},
		{"oa", "Proxy-Authorization: Basic " + b64("u:gw-token"), 401, "invalid_request_error"},
		{"oa", "X-Api-Key: gw-token", 401, "invalid_request_error"},
		{"an", "Anthropic-Version: 2023-06-01", 401, "authentication_error"},
		{"an", "X-Api-Key: sk-own", 401, "authentication_error"},
		{"an", "Api-Key: gw-token", 401, "authentication_error"},
		{"co", "X-Api-Key: gw-token", 401, "invalid_request_error"},
		{"none", "Authorization: Bearer gw-token", 404, "invalid_request_error"},
		{"none", "X-Api-Key: gw-token", 404, "not_found_error"},
		{"off", "Authorization: Bearer gw-token", 404, "invalid_request_error"},
		{"bad", "Authorization: Bearer gw-token", 502, "server_error"},
	} {
		got := c.get("gateway", prefix+"/"+tt.provider+"/x", strings.Split(tt.header, "\n")...)
		assert.Equal(t, tt.want, got.StatusCode, tt)
		assert.NotEmpty(t, got.Header.Get(proxy.HeaderRequestID))
		if tt.want == 200 {
			assert.Equal(t, tt.body, got.body, tt)
			continue
		}
		var fault struct {
			Error struct{ Type, Message string }
		}
		require.NoError(t, json.Unmarshal([]byte(got.body), &fault), got.body)
		assert.Equal(t, tt.body, fault.Error.Type, tt)
		assert.Equal(t, "none", got.Header.Get(proxy.HeaderCredential))
		assert.Equal(t, tt.want == 401, got.Header.Get("WWW-Authenticate") != "")
	}
	for _, path := range []string{"/", "/x", prefix, prefix + "/", prefix + "x/oa/y", prefix + "/%zz/y"} {
		want := 404
		if strings.Contains(path, "%zz") {
			want = 400 // net/http's
		}
		// In one piece: net/http does not read on when the first line is bad.
		c := w.open(address)
		c.send("GET " + path + " HTTP/1.1\nHost: gateway\nAuthorization: Bearer gw-token\n\n")
		assert.Equal(t, want, c.read(http.MethodGet).StatusCode, path)
	}
}

// Without a token, every answer is what it would be if there were no providers at all.
func TestBaseURLTellsStrangersNothing(t *testing.T) {
	w := threeVendors(t, echoKey, func(c *proxy.Config) { c.Tokens = []string{"gw-token"} })
	c := w.open(w.baseURL(nil))
	for _, headers := range []string{"X: y", "X-Api-Key: guess", "Authorization: Bearer guess", "Anthropic-Version: 2023-06-01"} {
		var first answer
		for i, provider := range []string{"none", "oa", "an", "co", "off", "bad"} {
			got := c.get("gateway", prefix+"/"+provider+"/x", headers)
			got.Header.Del(proxy.HeaderRequestID)
			got.Header.Del("Date")
			if i == 0 {
				first = got
			}
			assert.Equal(t, 401, got.StatusCode)
			assert.Equal(t, first.body, got.body, "%s %s", provider, headers)
			assert.Equal(t, first.Header, got.Header, "%s %s", provider, headers)
		}
	}
	assert.Empty(t, w.dialled())
}

// Where no tokens are configured nobody is asked, and a client's key is its own.
func TestBaseURLWithoutTokens(t *testing.T) {
	w := threeVendors(t, echoKey, nil)
	c := w.open(w.baseURL(nil))
	assert.Equal(t, "GET /v1/x auth=Bearer sk-oa key=", c.get("gateway", prefix+"/oa/x").body)
	assert.Equal(t, "GET /v1/x auth=Bearer mine key=", c.get("gateway", prefix+"/oa/x", "Authorization: Bearer mine").body)
	assert.Equal(t, "GET /x auth=token mine key=", c.get("gateway", prefix+"/co/x", "Authorization: token mine").body)
	assert.Equal(t, 404, c.get("gateway", prefix+"/off/x").StatusCode)
	assert.Equal(t, 404, c.get("gateway", prefix+"/none/x").StatusCode)
}

func TestBaseURLRefusesAuthAny(t *testing.T) {
	server, err := proxy.New(proxy.Config{Source: proxy.Static{}, Auth: proxy.AuthAny})
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	err = server.ServeBaseURL(l)
	require.ErrorIs(t, err, proxy.ErrConfig)
	assert.ErrorContains(t, err, "AuthAny")
	_, err = l.Accept()
	assert.ErrorIs(t, err, net.ErrClosed)
}

// What is not for the bridge is told how.
func TestBaseURLUsage(t *testing.T) {
	w := threeVendors(t, echoKey, withToken)
	address := w.baseURL(nil)
	for _, lines := range []string{"CONNECT oa.invalid:443 HTTP/1.1", "GET http://oa.invalid/ HTTP/1.1", "OPTIONS * HTTP/1.1"} {
		c := w.open(address)
		c.send(lines + "\nHost: x\nAuthorization: Bearer token\n\n")
		got := c.read(http.MethodGet)
		assert.Equal(t, 400, got.StatusCode, lines)
		assert.Contains(t, got.body, prefix+"/PROVIDER")
	}
	assert.Empty(t, w.dialled())
}

// Path, query and forwarding headers are the bridge's, in the open and over TLS.
func TestBaseURLRequestsAreBridged(t *testing.T) {
	w := threeVendors(t, showHeader, withToken)
	open, secure := w.baseURL(nil), w.baseURL(func(l net.Listener) net.Listener {
		return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{w.ca.leaf("gateway.invalid")}})
	})
	c := w.open(open)
	s := w.open(secure)
	s.conn = tls.Client(s.conn, &tls.Config{RootCAs: w.roots, ServerName: "gateway.invalid"})
	s.br.Reset(s.conn)
	for proto, c := range map[string]*rawTunnel{"http": c, "https": s} {
		got := c.get("gateway.invalid:8080", prefix+"/oa/a%2Fb//c?q=%7e&&x", "Authorization: Bearer token", "X-Forwarded-For: 192.0.2.1", "Connection: close")
		assert.Equal(t, "GET /v1/a%2Fb//c?q=%7e&&x oa.invalid\nAccept-Encoding: gzip\r\nAuthorization: Bearer sk-oa\r\nUser-Agent: gatedrill\r\n"+
			"X-Forwarded-For: 192.0.2.1, 127.0.0.1\r\nX-Forwarded-Host: gateway.invalid:8080\r\nX-Forwarded-Proto: "+proto+"\r\n", got.body)
		assert.Equal(t, "central", got.Header.Get(proxy.HeaderCredential))
	}
	assert.Equal(t, []string{"oa.invalid:443"}, w.dialled(), "one upstream connection")
	assert.Equal(t, 200, w.open(open).get("x", prefix+"/o%61/x", "Authorization: Bearer token").StatusCode)
}

// The gateway's token stays here when the bridge is another process.
func TestBaseURLWithARemoteBridge(t *testing.T) {
	remote := httptest.NewServer(http.HandlerFunc(showHeader))
	defer remote.Close()
	w := threeVendors(t, echoKey, func(c *proxy.Config) {
		withToken(c)
		c.BridgeURL, c.Dial = remote.URL, nil
	})
	got := w.open(w.baseURL(nil)).get("gateway", prefix+"/oa/x?y", "Authorization: Bearer token", "X-Api-Key: mine")
	assert.True(t, strings.HasPrefix(got.body, "GET "+prefix+"/oa/x?y gateway\n"), got.body)
	assert.NotContains(t, got.body, "token")
	assert.NotContains(t, got.body, "mine")
}

// Keys fail over, and everything is counted as it is for tunnels.
func TestBaseURLMetrics(t *testing.T) {
	w := newWorld(t, withToken)
	w.upstream(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer limited" {
			rw.WriteHeader(429)
		}
	}), "oa.invalid:443")
	w.source.set(row("oa", "https://oa.invalid", "limited", "good"))
	w.reload()
	c := w.open(w.baseURL(nil))
	assert.Equal(t, 401, c.get("gateway", prefix+"/oa/x").StatusCode)
	for range 2 {
		assert.Equal(t, 200, c.get("gateway", prefix+"/oa/x", "Authorization: Bearer token").StatusCode)
	}
	assert.Equal(t, []string{
		"connect_sessions_total{type=mitm} 0",
		"connect_sessions_total{type=tunneled} 0",
		"inflight_mitm_requests{provider=oa} 0",
		"key_failovers_total{provider=oa,reason=rate_limited} 1",
		"key_pool_keys{provider=oa,state=available} 1",
		"key_pool_keys{provider=oa,state=cooling} 1",
		"key_pool_keys{provider=oa,state=disabled} 0",
		"mitm_requests_total{provider=oa} 2",
		"mitm_responses_total{code=200,provider=oa} 2",
		"provider_info{provider_name=oa,provider_type=openai,status=enabled} 1",
	}, scrape(t, w.server, "providers_last"))
}

// Shutdown waits for the request that runs, says in its answer that it is the last, and
// closes a connection that rests.
func TestBaseURLDrains(t *testing.T) {
	began, release := make(chan struct{}), make(chan struct{})
	w := threeVendors(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/slow" {
			close(began)
			<-release
		}
		echoKey(rw, r)
	}, withToken)
	address := w.baseURL(nil)
	resting, busy := w.open(address), w.open(address)
	require.Equal(t, 200, resting.get("x", prefix+"/oa/x", "Authorization: Bearer token").StatusCode)
	busy.send("GET " + prefix + "/oa/slow HTTP/1.1\nHost: x\nAuthorization: Bearer token\n\n")
	<-began
	down := make(chan error, 1)
	go func() { down <- w.server.Shutdown(context.Background()) }()
	_, err := resting.br.ReadByte()
	require.ErrorIs(t, err, io.EOF, "a resting connection is closed")
	select {
	case <-down:
		t.Fatal("a request is in flight")
	default:
	}
	close(release)
	got := busy.read(http.MethodGet)
	assert.Equal(t, 200, got.StatusCode)
	assert.True(t, got.Close)
	require.NoError(t, <-down)
	assert.Contains(t, scrape(t, w.server), "inflight_mitm_requests{provider=oa} 0")
}

// When its time is up, Shutdown cuts connections below TLS.
func TestBaseURLIsCut(t *testing.T) {
	began := make(chan struct{})
	w := threeVendors(t, func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
	}, withToken)
	s := w.open(w.baseURL(func(l net.Listener) net.Listener {
		return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{w.ca.leaf("gateway.invalid")}})
	}))
	s.conn = tls.Client(s.conn, &tls.Config{RootCAs: w.roots, ServerName: "gateway.invalid"})
	s.br.Reset(s.conn)
	s.send("GET " + prefix + "/oa/x HTTP/1.1\nHost: x\nAuthorization: Bearer token\n\n")
	<-began
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, w.server.Shutdown(ctx), context.Canceled)
	_, err := s.br.ReadByte()
	require.Error(t, err)
	assert.Contains(t, scrape(t, w.server), "inflight_mitm_requests{provider=oa} 0")
}
