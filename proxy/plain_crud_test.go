package proxy_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/proxy"
)

type plainStep struct {
	name   string
	list   []proxy.Provider
	routes []plainRoute
	info   []string
}

func plainSteps() []plainStep {
	openai := func(name, host, key string) proxy.Provider {
		return proxy.Provider{Name: name, Type: "openai", BaseURL: "https://" + host + "/v1", Keys: []string{key}}
	}
	nobody := []plainRoute{{"alpha.invalid", "", "none"}, {"beta.invalid", "", "none"}, {"gamma.invalid", "", "none"}}
	first := []plainRoute{{"alpha.invalid", "first", "k0"}, nobody[1], nobody[2]}
	off := openai("off", "alpha.invalid", "sk-zero")
	off.Disabled = true
	return []plainStep{
		{"empty", nil, nobody, nil},
		{"create", []proxy.Provider{openai("first", "alpha.invalid", "sk-zero")}, first,
			[]string{plainInfo("first", "enabled")}},
		{"rename", []proxy.Provider{openai("renamed", "alpha.invalid", "sk-zero")},
			[]plainRoute{{"alpha.invalid", "renamed", "k0"}, nobody[1], nobody[2]},
			[]string{plainInfo("renamed", "enabled")}},
		{"move host", []proxy.Provider{openai("renamed", "beta.invalid", "sk-zero")},
			[]plainRoute{nobody[0], {"beta.invalid", "renamed", "k0"}, nobody[2]},
			[]string{plainInfo("renamed", "enabled")}},
		{"add second", []proxy.Provider{openai("renamed", "beta.invalid", "sk-zero"), off,
			openai("broken", "", "sk-zero"), openai("second", "gamma.invalid", "sk-one")},
			[]plainRoute{nobody[0], {"beta.invalid", "renamed", "k0"}, {"gamma.invalid", "second", "k1"}},
			[]string{plainInfo("broken", "error"), plainInfo("off", "disabled"), plainInfo("renamed", "enabled"), plainInfo("second", "enabled")}},
		{"delete one", []proxy.Provider{openai("second", "gamma.invalid", "sk-one")},
			[]plainRoute{nobody[0], nobody[1], {"gamma.invalid", "second", "k1"}},
			[]string{plainInfo("second", "enabled")}},
		{"delete all", nil, nobody, nil},
		{"recreate", []proxy.Provider{openai("first", "alpha.invalid", "sk-zero")}, first,
			[]string{plainInfo("first", "enabled")}},
	}
}

// Whatever the operator does to the providers, fresh CONNECTs follow it at once, and
// the metrics tell of nothing else.
func TestProxy_HotReloadRoutingCRUD(t *testing.T) {
	g := newPlainGateway(t, nil)
	ups := g.upstreamsAnswering200()
	for _, step := range plainSteps() {
		t.Log(step.name)
		g.clock.Advance(time.Minute)
		g.reload(step.list...)
		g.assertRoutes(ups, step.routes...)
		assert.Equal(t, step.info, plainSeries(t, g.server, "gatedrill_provider_info"), step.name)
		now := []string{fmt.Sprint(g.clock.Now().Unix())}
		assert.Equal(t, now, plainSeries(t, g.server, "gatedrill_providers_last_reload_timestamp_seconds"), step.name)
		assert.Equal(t, now, plainSeries(t, g.server, "gatedrill_providers_last_reload_success_timestamp_seconds"), step.name)
	}
}
