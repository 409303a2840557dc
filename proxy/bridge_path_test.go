package proxy_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

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
			// Without a witness the bridge's URL is not even made; that must not show.
			for _, wrap := range []func(http.Handler) http.Handler{nil, func(next http.Handler) http.Handler { return next }} {
				w, up := bridgeWorld(t, row("al/pha ü%", tt.base, "sk-1"), func(c *proxy.Config) { c.WrapBridge = wrap })
				got := w.tunnel("alpha.invalid:443", "token").get("alpha.invalid", tt.path)
				require.Equal(t, 200, got.StatusCode, got.body)
				assert.Equal(t, tt.want, up.get().RequestURI)
				assert.Equal(t, "Bearer sk-1", up.get().Header.Get("Authorization"))
			}
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
