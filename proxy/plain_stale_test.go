package proxy_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// A tunnel that was opened for a provider must not reach the bridge under that name,
// nor be given the pool's key, once the provider is disabled or has another name.
func TestProxy_StaleTunnelStopsRoutingAfterProviderChange(t *testing.T) {
	alpha := proxy.Provider{Name: "alpha", Type: "openai", BaseURL: "https://alpha.invalid/v1", Keys: []string{"sk-zero"}}
	off, renamed := alpha, alpha
	off.Disabled = true
	renamed.Name = "beta"
	for _, tt := range []struct {
		name       string
		next       proxy.Provider
		bridge     []string // what a fresh CONNECT makes the bridge see
		up         []string // and the upstream
		credential string   // "": the tunnel is raw
	}{
		{"ProviderDisabled", off, nil, []string{"GET /v1/models none"}, ""},
		{"ProviderRenamed", renamed, []string{"/api/v2/aibridge/beta/v1/models"}, []string{"GET /v1/models k0"}, "central"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newPlainGateway(t, nil)
			up := g.upstream("alpha.invalid", "key any: 200")
			g.reload(alpha)
			const target = "https://alpha.invalid/v1/models"
			const asKey = "Authorization: Bearer " + plainToken // where an SDK sends its key
			kept := g.client()
			before := kept.get(target, asKey)
			require.Equal(t, 200, before.status)
			require.Equal(t, []string{"/api/v2/aibridge/alpha/v1/models"}, g.bridge.took())
			require.Equal(t, []string{"GET /v1/models k0"}, up.took())
			assert.Equal(t, "central", before.header.Get(proxy.HeaderCredential))

			g.reload(tt.next)
			after := kept.get(target, asKey)
			assert.Equal(t, 200, after.status)
			assert.Equal(t, int64(1), kept.connects.Load(), "the tunnel is the same")
			assert.Empty(t, g.bridge.took())
			require.Equal(t, []string{"GET /v1/models none"}, up.took())
			last := up.Requests()[1].Header
			assert.Equal(t, http.Header{"User-Agent": {"Go-http-client/1.1"}, "Accept-Encoding": {"gzip"}}, last)
			assert.Equal(t, "none", after.header.Get(proxy.HeaderCredential))
			assert.NotEmpty(t, after.header.Get(proxy.HeaderRequestID), "the tunnel is still intercepted")

			fresh := g.client().get(target)
			assert.Equal(t, 200, fresh.status)
			assert.Equal(t, tt.bridge, g.bridge.took())
			assert.Equal(t, tt.up, up.took())
			assert.Equal(t, tt.credential, fresh.header.Get(proxy.HeaderCredential))
		})
	}
}
