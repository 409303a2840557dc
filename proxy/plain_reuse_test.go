package proxy_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// A provider's connections and its way upstream outlive requests, tunnels and every
// reload that does not touch it.
func TestPassthroughRouterReusesProxyInstance(t *testing.T) {
	ways := 0 // made by the first request of each
	g := newPlainGateway(t, func(c *proxy.Config) {
		c.WrapUpstream = func(inner http.RoundTripper) http.RoundTripper {
			ways++
			return inner
		}
	})
	alpha := g.upstream("alpha.invalid", "key any: 200")
	beta := g.upstream("beta.invalid", "key any: 200")
	first := proxy.Provider{Name: "first", Type: "openai", BaseURL: "https://alpha.invalid/v1", Keys: []string{"sk-zero"}}
	second := proxy.Provider{Name: "second", Type: "openai", BaseURL: "https://beta.invalid/v1", Keys: []string{"sk-one"}}
	direct := newPlainClient(t, g.clock, nil, nil)
	target := g.plainBridgeURL() + "/first/v1/models"

	g.reload(first)
	require.Equal(t, 200, direct.get(target).status)
	require.Equal(t, 200, direct.get(target).status)
	assert.Equal(t, int64(1), alpha.accepted.Load(), "two requests, one connection")
	assert.Equal(t, 1, ways)

	g.reload(first, second)
	require.Equal(t, 200, direct.get(target).status)
	require.Equal(t, 200, g.client().get("https://alpha.invalid/v1/models").status)
	assert.Equal(t, int64(1), alpha.accepted.Load(), "a reload that adds a neighbour")
	assert.Equal(t, 1, ways, "the neighbour's is made when it is needed")

	first.BaseURL = "https://beta.invalid/v1"
	g.reload(first)
	require.Equal(t, 200, direct.get(target).status)
	assert.Equal(t, int64(1), alpha.accepted.Load())
	assert.Equal(t, int64(1), beta.accepted.Load(), "a host of its own has a connection of its own")
	assert.Equal(t, 2, ways, "another base URL is another way")
	assert.Len(t, alpha.took(), 4)
	assert.Len(t, beta.took(), 1)
}
