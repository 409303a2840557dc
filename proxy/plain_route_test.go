package proxy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// plainRoute is who answers for a host: nobody when the provider is empty, which means
// a raw tunnel. The key is the alias of what the upstream is given.
type plainRoute struct{ host, provider, key string }

// upstreamsAnswering200 makes one upstream for each name of the certificate.
func (g *plainGateway) upstreamsAnswering200() []*plainUpstream {
	g.t.Helper()
	var ups []*plainUpstream
	for _, host := range g.certs.root.DNSNames {
		ups = append(ups, g.upstream(host, "key any: 200"))
	}
	return ups
}

// assertRoutes asks for each host through a fresh CONNECT, and looks at what the
// bridge, that host's upstream and every other upstream got.
func (g *plainGateway) assertRoutes(ups []*plainUpstream, routes ...plainRoute) {
	g.t.Helper()
	for _, want := range routes {
		answer := g.client().get("https://" + want.host + "/v1/models")
		assert.Equal(g.t, 200, answer.status, want.host)
		var bridge []string
		if want.provider != "" {
			bridge = []string{"/api/v2/aibridge/" + want.provider + "/v1/models"}
		}
		assert.Equal(g.t, bridge, g.bridge.took(), want.host)
		assert.Equal(g.t, want.provider != "", answer.header.Get(proxy.HeaderRequestID) != "", "%s: intercepted", want.host)
		for i, up := range ups {
			var got []string
			if g.certs.root.DNSNames[i] == want.host {
				got = []string{"GET /v1/models " + want.key}
			}
			assert.Equal(g.t, got, up.took(), "asked for %s", want.host)
		}
	}
}

func plainInfo(name, status string) string {
	return "provider_name=" + name + ",provider_type=openai,status=" + status + " 1"
}

// plainSeries returns one metric's series as "labels value", in the gatherer's order.
func plainSeries(t *testing.T, s *proxy.Server, name string) []string {
	t.Helper()
	families, err := s.Metrics().Gather()
	require.NoError(t, err)
	var series []string
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			series = append(series, strings.TrimSpace(fmt.Sprintf("%s %.0f", strings.Join(labels, ","), m.GetGauge().GetValue())))
		}
	}
	return series
}
