package proxy_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// Rows that cannot be used are excluded with their reason; their neighbours route.
func TestProxy_HotReloadRoutingInvalidProviders(t *testing.T) {
	row := func(name, base string) proxy.Provider {
		return proxy.Provider{Name: name, Type: "openai", BaseURL: base, Keys: []string{"sk-zero"}}
	}
	good := row("good", "https://beta.invalid/v1")
	goodRoute := plainRoute{"beta.invalid", "good", "k0"}
	nobodyAlpha, nobodyBeta := plainRoute{"alpha.invalid", "", "none"}, plainRoute{"beta.invalid", "", "none"}
	for _, tt := range []struct {
		name    string
		list    []proxy.Provider
		reasons []string // by row; "": enabled
		routes  []plainRoute
	}{
		{"EmptyBaseURLSkipped", []proxy.Provider{row("empty", ""), good, row("blank", " \t ")},
			[]string{"base url is empty", "", "base url is empty"}, []plainRoute{nobodyAlpha, goodRoute}},
		{"MalformedBaseURLSkipped",
			[]proxy.Provider{row("escape", "https://alpha.invalid/%zz"), row("hostless", "https:///v1"), row("scheme", "ftp://alpha.invalid"), good},
			[]string{`invalid base url "https://alpha.invalid/%zz": invalid URL escape "%zz"`,
				`base url "https:///v1" has no hostname`, `unsupported scheme "ftp"`, ""},
			[]plainRoute{nobodyAlpha, goodRoute}},
		{"DuplicateHostFirstWins",
			[]proxy.Provider{good, row("second", "https://BETA.invalid/v2"), row("third", "https://beta.invalid:8443/v1"), row("alpha", "https://alpha.invalid/v1")},
			[]string{"", `hostname "beta.invalid" already claimed by provider "good"`,
				`hostname "beta.invalid" already claimed by provider "good"`, ""},
			[]plainRoute{{"alpha.invalid", "alpha", "k0"}, goodRoute}},
		{"AllInvalidYieldsEmptyRouter",
			[]proxy.Provider{row("empty", ""), row("escape", "https://alpha.invalid/%zz"), row("scheme", "ftp://beta.invalid")},
			[]string{"base url is empty", `invalid base url "https://alpha.invalid/%zz": invalid URL escape "%zz"`, `unsupported scheme "ftp"`},
			[]plainRoute{nobodyAlpha, nobodyBeta}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newPlainGateway(t, nil)
			ups := g.upstreamsAnswering200()
			g.reload(row("before", "https://alpha.invalid/v1"), row("beside", "https://beta.invalid/v1"))
			g.assertRoutes(ups, plainRoute{"alpha.invalid", "before", "k0"}, plainRoute{"beta.invalid", "beside", "k0"})

			g.reload(tt.list...)
			for i, got := range g.server.Snapshot().Providers() {
				want := proxy.ProviderStatus{Name: tt.list[i].Name, Type: "openai", BaseURL: tt.list[i].BaseURL, Status: proxy.StatusError, Reason: tt.reasons[i]}
				if want.Reason == "" {
					want.Status = proxy.StatusEnabled
				}
				assert.Equal(t, want, got)
			}
			assert.Len(t, g.server.Snapshot().Providers(), len(tt.list))
			g.assertRoutes(ups, tt.routes...)
		})
	}
	t.Run("RefreshErrorPreservesPreviousSnapshot", testPlainRefreshError)
}

func testPlainRefreshError(t *testing.T) {
	g := newPlainGateway(t, nil)
	ups := g.upstreamsAnswering200()
	before := proxy.Provider{Name: "before", Type: "openai", BaseURL: "https://alpha.invalid/v1", Keys: []string{"sk-zero"}}
	after := proxy.Provider{Name: "after", Type: "openai", BaseURL: "https://beta.invalid/v1", Keys: []string{"sk-one"}}
	stamps := func() [2][]string {
		return [2][]string{
			plainSeries(t, g.server, "gatedrill_providers_last_reload_timestamp_seconds"),
			plainSeries(t, g.server, "gatedrill_providers_last_reload_success_timestamp_seconds"),
		}
	}
	now := func() []string { return []string{fmt.Sprint(g.clock.Now().Unix())} }
	g.reload(before)
	snapshot, good := g.server.Snapshot(), now()

	g.clock.Advance(time.Minute)
	cause := errors.New("the database is down")
	g.source.set(cause, after) // a source's rows do not count when it fails
	err := g.server.Reload(t.Context())
	require.ErrorIs(t, err, cause)
	assert.ErrorContains(t, err, "refresh ai providers for proxy routing")
	assert.Same(t, snapshot, g.server.Snapshot())
	g.assertRoutes(ups, plainRoute{"alpha.invalid", "before", "k0"}, plainRoute{"beta.invalid", "", "none"})
	assert.Equal(t, []string{plainInfo("before", "enabled")}, plainSeries(t, g.server, "gatedrill_provider_info"))
	assert.Equal(t, [2][]string{now(), good}, stamps())

	g.clock.Advance(time.Minute)
	g.reload(after)
	assert.NotSame(t, snapshot, g.server.Snapshot())
	g.assertRoutes(ups, plainRoute{"alpha.invalid", "", "none"}, plainRoute{"beta.invalid", "after", "k1"})
	assert.Equal(t, []string{plainInfo("after", "enabled")}, plainSeries(t, g.server, "gatedrill_provider_info"))
	assert.Equal(t, [2][]string{now(), now()}, stamps())
}
