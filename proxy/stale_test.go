package proxy_test

import (
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// capture is an upstream that remembers the last request.
type capture struct {
	mu   sync.Mutex
	last *http.Request
}

func (c *capture) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.last = r
	c.mu.Unlock()
	echoKey(w, r)
}

func (c *capture) get() *http.Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// A tunnel is bridged while the provider that it was opened for has its host, and
// passed through, without a key, while it has not.
func TestStaleTunnels(t *testing.T) {
	alpha := row("alpha", "https://alpha.invalid/v1", "sk-alpha")
	bridged := "GET /v1/x auth=Bearer sk-alpha key="
	const plain = "GET /x auth= key="
	for _, tt := range []struct {
		name string
		next []proxy.Provider
		want string
	}{
		{"nothing changed", []proxy.Provider{alpha}, bridged},
		{"another key", []proxy.Provider{row("alpha", "https://alpha.invalid/v1", "sk-new")}, "GET /v1/x auth=Bearer sk-new key="},
		{"another path", []proxy.Provider{row("alpha", "https://alpha.invalid/v2", "sk-alpha")}, "GET /v2/x auth=Bearer sk-alpha key="},
		{"disabled", []proxy.Provider{disabled(alpha)}, plain},
		{"deleted", nil, plain},
		{"renamed", []proxy.Provider{row("beta", "https://alpha.invalid/v1", "sk-alpha")}, plain},
		{"moved to another host", []proxy.Provider{row("alpha", "https://elsewhere.invalid/v1", "sk-alpha")}, plain},
		{"the host went to another provider", []proxy.Provider{row("alpha", "https://elsewhere.invalid", "sk-alpha"), row("beta", "https://alpha.invalid/v1", "sk-beta")}, plain},
		{"in error", []proxy.Provider{row("alpha", "https://alpha.invalid/v1", "k", "k")}, plain},
		{"lost its host to an earlier row", []proxy.Provider{row("beta", "https://alpha.invalid", "sk-beta"), alpha}, plain},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.upstream(http.HandlerFunc(echoKey), "alpha.invalid:443", "elsewhere.invalid:443")
			w.source.set(alpha)
			w.reload()
			c := w.tunnel("alpha.invalid:443", "")
			require.Equal(t, bridged, c.get("alpha.invalid", "/x").body)

			w.source.set(tt.next...)
			w.reload()
			got := c.get("alpha.invalid", "/x")
			assert.Equal(t, 200, got.StatusCode)
			assert.Equal(t, tt.want, got.body)
			assert.NotEmpty(t, got.Header.Get(proxy.HeaderRequestID))
			if tt.want == plain {
				assert.Equal(t, "none", got.Header.Get(proxy.HeaderCredential))
			}

			w.source.fail(errSource)
			require.Error(t, w.server.Reload(t.Context()))
			assert.Equal(t, tt.want, c.get("alpha.invalid", "/x").body, "a failed reload changes nothing")

			w.source.set(alpha)
			w.reload()
			assert.Equal(t, bridged, c.get("alpha.invalid", "/x").body, "and back again")
		})
	}
}

// A fresh CONNECT follows the new name, and a raw tunnel stays raw.
func TestFreshAndRawTunnelsAfterReload(t *testing.T) {
	w := newWorld(t, nil)
	w.upstream(http.HandlerFunc(echoKey), "alpha.invalid:443", "beta.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid/v1", "sk-alpha"))
	w.reload()
	raw := w.tunnel("beta.invalid:443", "")
	require.Equal(t, "GET /x auth= key=", raw.get("beta.invalid", "/x").body)

	w.source.set(row("renamed", "https://alpha.invalid/v1", "sk-alpha"), row("beta", "https://beta.invalid", "sk-beta"))
	w.reload()
	assert.Equal(t, "GET /v1/x auth=Bearer sk-alpha key=", w.tunnel("alpha.invalid:443", "").get("alpha.invalid", "/x").body)
	assert.Equal(t, "GET /x auth= key=", raw.get("beta.invalid", "/x").body)
	assert.Equal(t, "GET /x auth=Bearer sk-beta key=", w.tunnel("beta.invalid:443", "").get("beta.invalid", "/x").body)
}

func TestStaleTunnelWhenTunnelsAreDenied(t *testing.T) {
	w := newWorld(t, func(c *proxy.Config) { c.Tunnel = proxy.TunnelDeny })
	w.upstream(http.HandlerFunc(echoKey), "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-alpha"))
	w.reload()
	c := w.tunnel("alpha.invalid:443", "")
	require.Equal(t, 200, c.get("alpha.invalid", "/x").StatusCode)
	dials := len(w.dialled())
	w.source.set()
	w.reload()
	assert.Equal(t, 403, c.get("alpha.invalid", "/x").StatusCode)
	assert.Len(t, w.dialled(), dials)
}

// One host is still one host when nobody has it any more.
func TestStaleTunnelIsStillForOneHost(t *testing.T) {
	w, reached := twoProviders(t)
	c := w.tunnel("alpha.invalid:443", "")
	w.source.set()
	w.reload()
	assert.Equal(t, 421, c.get("evil.invalid", "/x").StatusCode)
	assert.Zero(t, reached())
}

// The whole header of a request that is passed through: as the client sent it, less
// what concerned the gateway.
func TestPassThroughIsVerbatim(t *testing.T) {
	up := &capture{}
	w := newWorld(t, func(c *proxy.Config) { c.Tokens, c.ConnectPorts = []string{"token", "second-token"}, []int{8443} })
	w.upstream(up, "alpha.invalid:8443")
	w.source.set(row("alpha", "https://alpha.invalid/base", "sk-alpha"))
	w.reload()
	c := w.tunnel("Alpha.invalid:8443", "token")
	w.source.set()
	w.reload()

	c.send("POST /a%2Fb/|{}?q=%zz&&x HTTP/1.1\nHost: ALPHA.invalid:8443\nContent-Length: 2\n" +
		"Authorization: Bearer sk-mine\nX-Api-Key: second-token\nApi-Key: token\nProxy-Authorization: Basic " + b64("u:token") + "\n" +
		"X-Forwarded-For: 198.51.100.1\nConnection: keep-alive, X-Hop\nX-Hop: 1\nKeep-Alive: timeout=5\nTe: trailers\n" +
		"Upgrade: h2c\nProxy-Connection: keep-alive\nProxy-Foo: 1\nX-Two: a\nX-Two: b\nAccept: */*\n\nhi")
	got := c.read(http.MethodPost)
	require.Equal(t, 200, got.StatusCode, got.body)
	assert.Equal(t, "own", got.Header.Get(proxy.HeaderCredential))
	r := up.get()
	assert.Equal(t, "/a%2Fb/|{}?q=%zz&&x", r.RequestURI)
	assert.Equal(t, "ALPHA.invalid:8443", r.Host)
	assert.Equal(t, http.Header{
		"Authorization":   {"Bearer sk-mine"},
		"X-Forwarded-For": {"198.51.100.1"},
		"X-Two":           {"a", "b"},
		"Accept":          {"*/*"},
		"Content-Length":  {"2"},
	}, r.Header)

	// With next to nothing in it, nothing is added.
	got = c.get("alpha.invalid:8443", "/")
	require.Equal(t, 200, got.StatusCode)
	assert.Empty(t, maps.Collect(maps.All(up.get().Header)))

	// Framing as well is the client's.
	c.send("POST / HTTP/1.1\nHost: alpha.invalid:8443\nTransfer-Encoding: chunked\n\n2\nhi\n0\n\n")
	require.Equal(t, 200, c.read(http.MethodPost).StatusCode)
	assert.Equal(t, []string{"chunked"}, up.get().TransferEncoding)
	assert.Empty(t, up.get().Header)
}

// The tunnel's token is its own, configured or not, in whichever header it is.
func TestPassThroughStripsTheTunnelsToken(t *testing.T) {
	up := &capture{}
	w := newWorld(t, func(c *proxy.Config) { c.Auth = proxy.AuthAny })
	w.upstream(up, "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid/base", "sk-alpha"))
	w.reload()
	c := w.tunnel("alpha.invalid:443", "my-own-token")
	w.source.set()
	w.reload()
	for _, header := range []string{
		"Authorization: Bearer my-own-token", "Authorization: my-own-token", "Authorization: Basic " + b64("x:my-own-token"),
		"X-Api-Key: my-own-token", "Api-Key: my-own-token", "X-Goog-Api-Key: my-own-token",
	} {
		got := c.get("alpha.invalid", "/x", header)
		require.Equal(t, 200, got.StatusCode)
		assert.Equal(t, "none", got.Header.Get(proxy.HeaderCredential), header)
		assert.Empty(t, up.get().Header, header)
	}
	got := c.get("alpha.invalid", "/x", "Authorization: Bearer somebody-elses")
	assert.Equal(t, "own", got.Header.Get(proxy.HeaderCredential))
	assert.True(t, strings.Contains(got.body, "somebody-elses"))
}

func TestPassThroughOfAnUnreachableHost(t *testing.T) {
	w := newWorld(t, nil)
	w.source.set(row("alpha", "https://alpha.invalid", "sk-alpha"))
	w.reload()
	c := w.tunnel("alpha.invalid:443", "")
	w.source.set()
	w.reload()
	got := c.get("alpha.invalid", "/x")
	assert.Equal(t, 502, got.StatusCode)
	assert.NotContains(t, got.body, "no such host")
	assert.Equal(t, 502, c.get("alpha.invalid", "/x").StatusCode, "the tunnel goes on")
}
