package proxy_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

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
