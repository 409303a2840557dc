package proxy_test

import (
	"net/http"
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
