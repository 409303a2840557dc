package loopback_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/proxy"
	"github.com/gatedrill/gatedrill/sim/loopback"
)

func TestBaseURL(t *testing.T) {
	t.Parallel()
	up := loopback.Upstream(t, "beta.invalid", "key k0: 200 stream events=2")
	gw := loopback.NewGateway(t, loopback.Provider{Upstream: up, Keys: []string{"k0"}})
	req, err := http.NewRequestWithContext(t.Context(), "POST", gw.BaseURL("beta")+"/v1/chat/completions", strings.NewReader(`{"stream":true}`))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+gw.Token())
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Contains(t, string(body), "data: [DONE]")
	up.AssertGot("POST /v1/chat/completions key=k0, answered 200")
}

func TestProvideReplacesTheProviders(t *testing.T) {
	t.Parallel()
	ca, err := fakeupstream.NewCA()
	require.NoError(t, err)
	serve := func(host string, vendor fakeupstream.Vendor) *fakeupstream.Server {
		return fakeupstream.ServerConfig{
			Config: fakeupstream.Config{Name: host, Vendor: vendor}, TLS: fakeupstream.ServeHTTPS, CA: ca,
		}.Start(t, "key k0: 200")
	}
	alpha, gamma := serve("alpha.invalid", ""), serve("gamma.invalid", fakeupstream.Anthropic)
	gw := loopback.NewGateway(t, loopback.Provider{Upstream: alpha, Keys: []string{"k0"}})
	requireStatus(t, gw.Client(), http.StatusOK)
	gw.Provide(loopback.Provider{Upstream: gamma, Keys: []string{"k0"}, Name: "renamed"})
	assert.Equal(t, []proxy.ProviderStatus{
		{Name: "renamed", Type: "anthropic", BaseURL: "https://gamma.invalid", Status: proxy.StatusEnabled},
	}, gw.Snapshot().Providers())
	resp, err := gw.Client().Post("https://gamma.invalid/v1/messages", "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	resp.Body.Close()
	gamma.AssertGot("POST /v1/messages key=k0, answered 200")
	alpha.AssertAsked("k0", 1)
}

func TestWrongTokenIsRefused(t *testing.T) {
	t.Parallel()
	gw := loopback.Config{Proxy: proxy.Config{Tokens: []string{"t1"}}}.Start(t)
	_, err := fakeupstream.ProxyClient(t, strings.Replace(gw.ProxyURL(), ":t1@", ":t2@", 1), nil).Get("https://alpha.invalid/")
	assert.ErrorContains(t, err, "Proxy Authentication Required")
}
