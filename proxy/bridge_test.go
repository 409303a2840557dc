package proxy_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// bridgeWorld has one provider at alpha.invalid and captures what its upstream gets.
func bridgeWorld(t *testing.T, p proxy.Provider, change func(*proxy.Config)) (*world, *capture) {
	up := &capture{}
	w := newWorld(t, func(c *proxy.Config) {
		c.Tokens = []string{"token", "second-token"}
		if change != nil {
			change(c)
		}
	})
	w.upstream(up, "alpha.invalid:443")
	w.source.set(p)
	w.reload()
	return w, up
}

// The whole header of a bridged request.
func TestBridgeHeaders(t *testing.T) {
	w, up := bridgeWorld(t, row("alpha", "https://alpha.invalid/v1", "sk-1"), nil)
	c := w.tunnel("alpha.invalid:443", "token")
	base := http.Header{
		"Authorization":     {"Bearer sk-1"},
		"X-Forwarded-For":   {"127.0.0.1"},
		"X-Forwarded-Host":  {"alpha.invalid"},
		"X-Forwarded-Proto": {"https"},
		"User-Agent":        {"gatedrill"},
		"Accept-Encoding":   {"gzip"},
	}
	for _, tt := range []struct {
		name    string
		headers []string
		change  func(http.Header)
	}{
		{"next to nothing", nil, func(http.Header) {}},
		{"User-Agent is kept", []string{"User-Agent: sdk/1.2"}, func(h http.Header) { h.Set("User-Agent", "sdk/1.2") }},
		{"an empty one is set", []string{"User-Agent:"}, func(http.Header) {}},
		{"Accept-Encoding is kept", []string{"Accept-Encoding: br, zstd"}, func(h http.Header) { h.Set("Accept-Encoding", "br, zstd") }},
		{"the chain is continued", []string{"X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 198.51.100.2, 203.0.113.9"},
			func(h http.Header) {
				h["X-Forwarded-For"] = []string{"198.51.100.1, 198.51.100.2, 203.0.113.9, 127.0.0.1"}
			}},
		{"host and proto are ours", []string{"X-Forwarded-Host: evil", "X-Forwarded-Proto: http"}, func(http.Header) {}},
		{"hop-by-hop", []string{"Connection: keep-alive, X-Hop,, authorization", "X-Hop: 1", "Keep-Alive: 5", "Te: trailers", "Trailer: X-T",
			"Upgrade: websocket", "Proxy-Connection: keep-alive", "Proxy-Authorization: Basic " + b64("u:token"),
			"Proxy-Anything: x", "Authorization: Bearer sk-own"}, func(http.Header) {}},
		{"token as OpenAI's key", []string{"Authorization: Bearer token"}, func(http.Header) {}},
		{"another configured token", []string{"Authorization: bearer second-token"}, func(http.Header) {}},
		{"token in every header", []string{"X-Api-Key: token", "Api-Key: second-token", "X-Goog-Api-Key: token"}, func(http.Header) {}},
		{"token among others", []string{"X-Api-Key: token", "X-Api-Key: x"}, func(http.Header) {}},
		{"foreign credentials", []string{"X-Api-Key: sk-ant", "Api-Key: az", "X-Goog-Api-Key: g"}, func(http.Header) {}},
		{"own key", []string{"Authorization: Bearer sk-own", "X-Api-Key: sk-ant"}, func(h http.Header) { h.Set("Authorization", "Bearer sk-own") }},
		{"everything else", []string{"X-Two: a", "X-Two: b", "Anthropic-Version: 1", "Forwarded: for=x", "Idempotency-Key: i", "X-Gatedrill-Request-Id: x", "Range: bytes=0-1"},
			func(h http.Header) {
				h["X-Two"], h["Anthropic-Version"], h["Forwarded"] = []string{"a", "b"}, []string{"1"}, []string{"for=x"}
				h["Idempotency-Key"], h["X-Gatedrill-Request-Id"], h["Range"] = []string{"i"}, []string{"x"}, []string{"bytes=0-1"}
				delete(h, "Accept-Encoding") // net/http does not ask for gzip in a range
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := base.Clone()
			tt.change(want)
			got := c.get("alpha.invalid", "/x", tt.headers...)
			require.Equal(t, 200, got.StatusCode, got.body)
			assert.Equal(t, want, up.get().Header)
			assert.Equal(t, "alpha.invalid", up.get().Host)
			credential := "central"
			if tt.name == "own key" {
				credential = "own"
			}
			assert.Equal(t, credential, got.Header.Get(proxy.HeaderCredential))
		})
	}
	assert.NotContains(t, w.logs.String(), "sk-")
}

func TestBridgeHeadersByVendor(t *testing.T) {
	for _, tt := range []struct {
		kind    string
		keys    []string
		headers []string
		want    map[string]string // credential headers upstream
		mode    string
	}{
		{"anthropic", []string{"sk-1"}, nil, map[string]string{"X-Api-Key": "sk-1"}, "central"},
		{"anthropic", []string{"sk-1"}, []string{"X-Api-Key: token"}, map[string]string{"X-Api-Key": "sk-1"}, "central"},
		{"anthropic", []string{"sk-1"}, []string{"Authorization: Bearer token"}, map[string]string{"X-Api-Key": "sk-1"}, "central"},
		{"anthropic", []string{"sk-1"}, []string{"Authorization: Bearer own"}, map[string]string{"Authorization": "Bearer own"}, "own"},
		{"anthropic", []string{"sk-1"}, []string{"X-Api-Key: own"}, map[string]string{"X-Api-Key": "own"}, "own"},
		{"anthropic", []string{"sk-1"}, []string{"X-Api-Key: own", "Authorization: Bearer token", "Api-Key: x"}, map[string]string{"X-Api-Key": "own"}, "own"},
		{"openai", []string{"sk-1"}, []string{"X-Api-Key: own"}, map[string]string{"Authorization": "Bearer sk-1"}, "central"},
		{"openai", nil, nil, nil, "none"},
		{"openai", nil, []string{"Authorization: Bearer token"}, nil, "none"},
		{"openai", nil, []string{"X-Api-Key: foreign"}, nil, "none"},
		{"openai", nil, []string{"Authorization: Bearer own", "X-Api-Key: foreign"}, map[string]string{"Authorization": "Bearer own"}, "own"},
		{"anthropic", nil, []string{"X-Api-Key: own", "Api-Key: foreign"}, map[string]string{"X-Api-Key": "own"}, "own"},
		{"copilot", []string{"sk-1"}, nil, nil, "none"},
		{"copilot", []string{"sk-1"}, []string{"Authorization: Bearer own", "X-Api-Key: foreign"}, map[string]string{"Authorization": "Bearer own"}, "own"},
	} {
		t.Run(tt.kind+" "+strings.Join(tt.headers, ","), func(t *testing.T) {
			w, up := bridgeWorld(t, proxy.Provider{Name: "alpha", Type: tt.kind, BaseURL: "https://alpha.invalid", Keys: tt.keys}, nil)
			got := w.tunnel("alpha.invalid:443", "token").get("alpha.invalid", "/x", tt.headers...)
			require.Equal(t, 200, got.StatusCode)
			assert.Equal(t, tt.mode, got.Header.Get(proxy.HeaderCredential))
			for _, name := range []string{"Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key"} {
				assert.Equal(t, tt.want[name], up.get().Header.Get(name), name)
			}
		})
	}
}

// Another type is another header, with the very same keys.
func TestAnotherTypeAfterReload(t *testing.T) {
	p := row("alpha", "https://alpha.invalid", "sk-1")
	w, up := bridgeWorld(t, p, nil)
	c := w.tunnel("alpha.invalid:443", "token")
	require.Equal(t, 200, c.get("alpha.invalid", "/x").StatusCode)
	assert.Equal(t, "Bearer sk-1", up.get().Header.Get("Authorization"))
	p.Type = "anthropic"
	w.source.set(p)
	w.reload()
	require.Equal(t, 200, c.get("alpha.invalid", "/x").StatusCode)
	assert.Equal(t, "sk-1", up.get().Header.Get("X-Api-Key"))
	assert.Empty(t, up.get().Header.Get("Authorization"))
}

// The tunnel's token counts as the gateway's, also when it is not a configured one.
func TestTunnelTokenInPlaceOfAKey(t *testing.T) {
	w, up := bridgeWorld(t, row("alpha", "https://alpha.invalid", "sk-1"), func(c *proxy.Config) { c.Tokens, c.Auth = nil, proxy.AuthAny })
	c := w.tunnel("alpha.invalid:443", "anything")
	got := c.get("alpha.invalid", "/x", "Authorization: Bearer anything")
	assert.Equal(t, "central", got.Header.Get(proxy.HeaderCredential))
	assert.Equal(t, "Bearer sk-1", up.get().Header.Get("Authorization"))
	got = c.get("alpha.invalid", "/x", "Authorization: Bearer another")
	assert.Equal(t, "own", got.Header.Get(proxy.HeaderCredential))
	assert.Equal(t, "Bearer another", up.get().Header.Get("Authorization"))
}

func TestOwnKeysDenied(t *testing.T) {
	w, up := bridgeWorld(t, proxy.Provider{Name: "alpha", Type: "anthropic", BaseURL: "https://alpha.invalid", Keys: []string{"sk-1"}},
		func(c *proxy.Config) { c.OwnKeys = proxy.OwnKeysDeny })
	c := w.tunnel("alpha.invalid:443", "token")
	got := c.get("alpha.invalid", "/x", "X-Api-Key: own")
	assert.Equal(t, 403, got.StatusCode)
	assert.JSONEq(t, `{"type":"error","error":{"type":"permission_error","message":"this gateway does not accept provider keys of clients"},"request_id":null}`, got.body)
	assert.Nil(t, up.get())
	assert.Equal(t, 200, c.get("alpha.invalid", "/x", "X-Api-Key: token").StatusCode)
	assert.Equal(t, 200, c.get("alpha.invalid", "/x").StatusCode)
}

func TestBasePathAndQuery(t *testing.T) {
	for _, tt := range []struct{ base, path, want string }{
		{"https://alpha.invalid", "/v1/models", "/v1/models"},
		{"https://alpha.invalid/", "/v1/models", "/v1/models"},
		{"https://alpha.invalid/api/v2", "/v1/models", "/api/v2/v1/models"},
		{"https://alpha.invalid/v1", "/v1/messages", "/v1/messages"},
		{"https://alpha.invalid/v1/", "/v1/messages", "/v1/messages"},
		{"https://alpha.invalid/v1", "/v1", "/v1"},
		{"https://alpha.invalid/v1", "/v10/messages", "/v1/v10/messages"},
		{"https://alpha.invalid/v1", "/V1/messages", "/v1/V1/messages"},
		{"https://alpha.invalid/v1", "/", "/v1/"},
		{"https://alpha.invalid/a%20b", "/x", "/a%20b/x"},
		{"https://alpha.invalid/a%2Fb", "/x", "/a%2Fb/x"},
		{"https://alpha.invalid/v1?base=query", "/x", "/v1/x"},
		{"https://user:pass@alpha.invalid/v1", "/x", "/v1/x"},
		{"https://alpha.invalid/v1", "/x?q=1&q=%zz&&=;+%20", "/v1/x?q=1&q=%zz&&=;+%20"},
		{"https://alpha.invalid/v1", "/x?", "/v1/x?"},
		{"https://alpha.invalid/v1", "/a%2Fb/%7e/|{}^", "/v1/a%2Fb/%7e/|{}^"},
		{"https://alpha.invalid/v1", "/../x/./y//z/", "/v1/../x/./y//z/"},
		{"https://alpha.invalid", "//evil.invalid/x", "//evil.invalid/x"},
		{"https://alpha.invalid", "//evil.invalid/|", "//evil.invalid/%7C"},
		{"https://alpha.invalid/v1", "https://alpha.invalid/x?y", "/v1/x?y"},
		{"https://alpha.invalid/v1", "https://alpha.invalid", "/v1/"},
		{"https://alpha.invalid/v1", "https://alpha.invalid?y", "/v1/?y"},
	} {
		t.Run(tt.base+" "+tt.path, func(t *testing.T) {
			w, up := bridgeWorld(t, row("al/pha ü%", tt.base, "sk-1"), nil)
			got := w.tunnel("alpha.invalid:443", "token").get("alpha.invalid", tt.path)
			require.Equal(t, 200, got.StatusCode, got.body)
			assert.Equal(t, tt.want, up.get().RequestURI)
			assert.Equal(t, "Bearer sk-1", up.get().Header.Get("Authorization"))
		})
	}
}

// What the bridge is asked for: its prefix, the provider, the path.
func TestBridgePath(t *testing.T) {
	for prefix, want := range map[string]string{"": "/api/v2/aibridge", "/x/y": "/x/y"} {
		seen := make(chan *http.Request, 1)
		w, _ := bridgeWorld(t, row("alpha", "https://alpha.invalid/v1", "sk-1"), func(c *proxy.Config) {
			c.BridgePrefix = prefix
			c.WrapBridge = func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					seen <- r
					next.ServeHTTP(rw, r)
				})
			}
		})
		got := w.tunnel("alpha.invalid:443", "token").get("alpha.invalid", "/chat%2Fx?y=%2F", "Authorization: Bearer own")
		require.Equal(t, 200, got.StatusCode, got.body)
		r := <-seen
		assert.Equal(t, want+"/alpha/chat%2Fx?y=%2F", r.URL.RequestURI())
		assert.Equal(t, want+"/alpha/chat%2Fx?y=%2F", r.RequestURI)
		assert.Equal(t, want+"/alpha/chat/x", r.URL.Path)
	}
}

// The bridge on its own: no tunnel, the live snapshot.
func TestBridgeHandler(t *testing.T) {
	w, up := bridgeWorld(t, row("alpha", "https://alpha.invalid/v1", "sk-1"), nil)
	ask := func(path, peer string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", proxy.DefaultBridgePrefix+path, nil)
		r.RemoteAddr = peer
		r.Header.Set("X-Forwarded-For", "198.51.100.1")
		rec := httptest.NewRecorder()
		w.server.Bridge().ServeHTTP(rec, r)
		return rec
	}
	rec := ask("/alpha/x?y", "203.0.113.5:1234")
	require.Equal(t, 200, rec.Code, rec.Body)
	assert.Equal(t, "/v1/x?y", up.get().RequestURI)
	assert.Equal(t, "http", up.get().Header.Get("X-Forwarded-Proto"), "not TLS")
	assert.Equal(t, "example.com", up.get().Header.Get("X-Forwarded-Host"))
	assert.Equal(t, []string{"198.51.100.1, 203.0.113.5"}, up.get().Header["X-Forwarded-For"])
	assert.Equal(t, "central", rec.Header().Get(proxy.HeaderCredential))
	assert.NotEmpty(t, rec.Header().Get(proxy.HeaderRequestID))

	for peer, want := range map[string]string{
		"[2001:db8::1]:99": "198.51.100.1, 2001:db8::1",
		"[fe80::1%eth0]:9": "198.51.100.1, fe80::1",
		"no-address":       "",
		"client:1234":      "",
		"203.0.113.5":      "",
		"":                 "",
	} {
		require.Equal(t, 200, ask("/alpha/x", peer).Code)
		assert.Equal(t, want, up.get().Header.Get("X-Forwarded-For"), "peer %q", peer)
	}

	w.source.set(row("alpha", "https://alpha.invalid/v1", "sk-1"), disabled(row("off", "https://off.invalid")),
		row("bad", "https://bad.invalid/%zz"), row("keys", "https://keys.invalid", "k", "k"), row("empty", " "))
	w.reload()
	for path, want := range map[string]int{
		"/alpha/x": 200, "/nobody/x": 404, "/off/x": 404, "/keys/x": 404, "/bad/x": 502, "/empty/x": 502, "/": 404, "": 404, "x/alpha/x": 404, "/%2e%2e/x": 404,
	} {
		rec := ask(path, "203.0.113.5:1234")
		assert.Equal(t, want, rec.Code, path)
		if want == 502 {
			assert.Contains(t, rec.Body.String(), "invalid provider base URL")
		}
		assert.NotEmpty(t, rec.Header().Get(proxy.HeaderRequestID), path)
	}
}

// A base path that holds an escaped percent sign parses, counts as enabled, and cannot
// be joined.
func TestUnusableBasePath(t *testing.T) {
	w, up := bridgeWorld(t, row("alpha", "https://alpha.invalid/%25", "sk-1"), nil)
	require.Equal(t, proxy.StatusEnabled, w.server.Snapshot().Providers()[0].Status)
	c := w.tunnel("alpha.invalid:443", "token")
	for range 2 {
		got := c.get("alpha.invalid", "/v1/models")
		assert.Equal(t, 502, got.StatusCode)
		assert.Contains(t, got.body, "invalid provider base URL")
	}
	assert.Nil(t, up.get())
}

// The bridge of another process gets the request that the in-process one would get.
func TestBridgeByURL(t *testing.T) {
	back, up := bridgeWorld(t, row("alpha", "https://alpha.invalid/v1", "sk-1"), nil)
	var seen *http.Request
	behind := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		seen = r.Clone(r.Context())
		http.StripPrefix("/behind", back.server.Bridge()).ServeHTTP(rw, r)
	}))
	defer behind.Close()
	_, port, err := net.SplitHostPort(behind.Listener.Addr().String())
	require.NoError(t, err)

	front := newWorld(t, func(c *proxy.Config) {
		c.Auth = proxy.AuthAny
		c.BridgeURL = "http://bridge.invalid:" + port + "/behind/"
	})
	front.at("bridge.invalid:"+port, behind.Listener.Addr().String())
	front.source.set(row("alpha", "https://alpha.invalid/v1"))
	front.reload()
	c := front.tunnel("alpha.invalid:443", "tunnel-token")

	c.send("POST /chat%2Fx?q=%zz HTTP/1.1\nHost: alpha.invalid\nContent-Length: 2\nAuthorization: Bearer tunnel-token\nConnection: X-Hop\nX-Hop: 1\n\nhi")
	got := c.read("POST")
	require.Equal(t, 200, got.StatusCode, got.body)
	assert.Equal(t, "/behind/api/v2/aibridge/alpha/chat%2Fx?q=%zz", seen.RequestURI)
	assert.Equal(t, "alpha.invalid", seen.Host)
	assert.Equal(t, http.Header{
		"Content-Length":    {"2"},
		"X-Forwarded-For":   {"127.0.0.1"},
		"X-Forwarded-Host":  {"alpha.invalid"},
		"X-Forwarded-Proto": {"https"},
	}, seen.Header, "and no token of the tunnel's")
	assert.Equal(t, "/v1/chat%2Fx?q=%zz", up.get().RequestURI)
	assert.Equal(t, "Bearer sk-1", up.get().Header.Get("Authorization"))
	assert.Equal(t, "alpha.invalid", up.get().Header.Get("X-Forwarded-Host"))
	assert.Equal(t, "central", got.Header.Get(proxy.HeaderCredential), "as the other bridge says")
	assert.Len(t, got.Header[proxy.HeaderRequestID], 1)

	behind.Close()
	for range 2 {
		got = c.get("alpha.invalid", "/x")
		assert.Equal(t, 502, got.StatusCode)
		assert.Equal(t, "none", got.Header.Get(proxy.HeaderCredential))
		assert.NotEmpty(t, got.Header.Get(proxy.HeaderRequestID))
	}
}
