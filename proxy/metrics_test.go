package proxy_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// scrape returns every series as "name{label=value,…} value", less what begins with
// one of the skipped names.
func scrape(t *testing.T, s *proxy.Server, skip ...string) []string {
	t.Helper()
	families, err := s.Metrics().Gather()
	require.NoError(t, err)
	out := []string{}
	for _, f := range families {
		if slices.ContainsFunc(skip, func(p string) bool { return strings.HasPrefix(f.GetName(), "gatedrill_"+p) }) {
			continue
		}
		for _, m := range f.GetMetric() {
			labels := []string{}
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			value := m.GetGauge().GetValue() + m.GetCounter().GetValue()
			out = append(out, fmt.Sprintf("%s{%s} %v", strings.TrimPrefix(f.GetName(), "gatedrill_"), strings.Join(labels, ","), value))
		}
	}
	return out
}

func TestMetricsOfRequests(t *testing.T) {
	w := newWorld(t, nil)
	w.upstream(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Authorization") {
		case "Bearer limited":
			rw.WriteHeader(429)
		case "Bearer refused":
			rw.WriteHeader(401)
		case "Bearer forbidden":
			rw.WriteHeader(403)
		default:
			rw.WriteHeader(201)
		}
	}), "alpha.invalid:443", "beta.invalid:443", "raw.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "limited", "refused", "forbidden", "good"), row("beta", "https://beta.invalid", "refused"))
	w.reload()
	c := w.tunnel("alpha.invalid:443", "")
	require.Equal(t, 201, c.get("alpha.invalid", "/").StatusCode)
	require.Equal(t, 201, c.get("alpha.invalid", "/").StatusCode)
	require.Equal(t, 421, c.get("evil.invalid", "/").StatusCode)
	require.Equal(t, 201, c.get("alpha.invalid", "/", "Authorization: Bearer own").StatusCode)
	require.Equal(t, 502, w.tunnel("beta.invalid:443", "").get("beta.invalid", "/").StatusCode)
	require.Equal(t, 201, w.tunnel("raw.invalid:443", "").get("raw.invalid", "/").StatusCode)
	_, resp := w.connect("nowhere.invalid:443", "")
	require.Equal(t, 502, resp.StatusCode)
	require.Equal(t, 400, w.exchangeRaw("GET / HTTP/1.1\nHost: x\n\n").StatusCode)

	assert.Equal(t, []string{
		"connect_sessions_total{type=mitm} 2",
		"connect_sessions_total{type=tunneled} 1",
		"inflight_mitm_requests{provider=alpha} 0",
		"inflight_mitm_requests{provider=beta} 0",
		"key_failovers_total{provider=alpha,reason=forbidden} 1",
		"key_failovers_total{provider=alpha,reason=rate_limited} 1",
		"key_failovers_total{provider=alpha,reason=unauthorized} 1",
		"key_pool_exhaustions_total{outcome=unavailable,provider=beta} 1",
		"key_pool_keys{provider=alpha,state=available} 1",
		"key_pool_keys{provider=alpha,state=cooling} 1",
		"key_pool_keys{provider=alpha,state=disabled} 2",
		"key_pool_keys{provider=beta,state=available} 0",
		"key_pool_keys{provider=beta,state=cooling} 0",
		"key_pool_keys{provider=beta,state=disabled} 1",
		"mitm_requests_total{provider=alpha} 3",
		"mitm_requests_total{provider=beta} 1",
		"mitm_responses_total{code=201,provider=alpha} 3",
		"mitm_responses_total{code=502,provider=beta} 1",
		"provider_info{provider_name=alpha,provider_type=openai,status=enabled} 1",
		"provider_info{provider_name=beta,provider_type=openai,status=enabled} 1",
	}, scrape(t, w.server, "providers_last"))
	for _, line := range scrape(t, w.server) {
		for _, key := range []string{"limited,", "refused", "good"} {
			assert.NotContains(t, line, key)
		}
	}
}

func TestExhaustionOutcomes(t *testing.T) {
	lab := newKeyLab(t, nil)
	lab.reload(row("alpha", urlA, "k0", "k1"))
	lab.mark("alpha", map[string]string{"k0": "429", "k1": "401"})
	assert.Contains(t, scrape(t, lab.server), "key_pool_exhaustions_total{outcome=rate_limited,provider=alpha} 1")
}

// Nothing of a provider that is gone stays, but for a request that has not ended.
func TestNoStaleSeries(t *testing.T) {
	enter, leave := make(chan struct{}), make(chan struct{})
	w := newWorld(t, nil)
	w.upstream(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			enter <- struct{}{}
			<-leave
		}
	}), "alpha.invalid:443")
	alpha := row("alpha", "https://alpha.invalid", "k")
	w.source.set(alpha, proxy.Provider{Name: "odd", Type: "\xff", BaseURL: "x"}, proxy.Provider{Name: "odd", Type: "\xff", BaseURL: "y"})
	w.reload()
	assert.Equal(t, []string{
		"key_pool_keys{provider=alpha,state=available} 1",
		"key_pool_keys{provider=alpha,state=cooling} 0",
		"key_pool_keys{provider=alpha,state=disabled} 0",
		"provider_info{provider_name=alpha,provider_type=openai,status=enabled} 1",
		"provider_info{provider_name=odd,provider_type=�,status=error} 1",
	}, scrape(t, w.server, "providers_last", "connect"))

	c := w.tunnel("alpha.invalid:443", "")
	require.Equal(t, 200, c.get("alpha.invalid", "/").StatusCode)
	c.send("GET /slow HTTP/1.1\nHost: alpha.invalid\n\n")
	<-enter
	w.source.set(disabled(alpha))
	w.reload()
	assert.Equal(t, []string{
		"inflight_mitm_requests{provider=alpha} 1",
		"key_pool_keys{provider=alpha,state=available} 1",
		"key_pool_keys{provider=alpha,state=cooling} 0",
		"key_pool_keys{provider=alpha,state=disabled} 0",
		"mitm_requests_total{provider=alpha} 2",
		"mitm_responses_total{code=200,provider=alpha} 1",
		"provider_info{provider_name=alpha,provider_type=openai,status=disabled} 1",
	}, scrape(t, w.server, "providers_last", "connect"))
	w.source.set()
	w.reload()
	assert.Equal(t, []string{
		"inflight_mitm_requests{provider=alpha} 1",
		"mitm_requests_total{provider=alpha} 2",
		"mitm_responses_total{code=200,provider=alpha} 1",
	}, scrape(t, w.server, "providers_last", "connect"))
	leave <- struct{}{}
	require.Equal(t, 200, c.read("GET").StatusCode)
	// The tunnel's next answer comes after the end of the request before it.
	require.Equal(t, 200, c.get("alpha.invalid", "/").StatusCode)
	assert.Empty(t, scrape(t, w.server, "providers_last", "connect"))

	w.source.set(alpha)
	w.reload()
	require.Equal(t, 200, c.get("alpha.invalid", "/").StatusCode)
	require.Equal(t, 200, c.get("alpha.invalid", "/").StatusCode)
	assert.Contains(t, scrape(t, w.server), "inflight_mitm_requests{provider=alpha} 0")
}

func TestReloadTimestamps(t *testing.T) {
	source := &rows{}
	clock := quartz.NewMock(t)
	s, err := proxy.New(proxy.Config{Source: source, Clock: clock})
	require.NoError(t, err)
	stamps := func() []string { return scrape(t, s, "connect", "provider_info") }
	at := func(name string, when time.Time) string {
		return fmt.Sprintf("providers_last_reload_%stimestamp_seconds{} %v", name, float64(when.UnixNano())/1e9)
	}
	require.NoError(t, s.Reload(t.Context()))
	first := clock.Now()
	assert.Equal(t, []string{at("success_", first), at("", first)}, stamps())
	clock.Advance(90 * time.Second)
	source.fail(errSource)
	require.Error(t, s.Reload(t.Context()))
	assert.Equal(t, []string{at("success_", first), at("", clock.Now())}, stamps())
}

// Every scrape is of one snapshot: each of these has its two rows, whole.
func TestNoScrapeSeesHalfAReload(t *testing.T) {
	source := &rows{}
	s, err := proxy.New(proxy.Config{Source: source})
	require.NoError(t, err)
	stop := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			n := fmt.Sprint(i % 7)
			source.set(row("a"+n, "https://a"+n+".invalid", "k"), row("b"+n, "https://b"+n+".invalid", "k"))
			_ = s.Reload(t.Context())
		}
	})
	for range 200 {
		got := scrape(t, s, "providers_last", "connect", "key_pool")
		if len(got) == 0 {
			continue // before the first reload
		}
		require.Len(t, got, 2)
		n := got[0][len("provider_info{provider_name=a"):][:1]
		assert.Equal(t, "provider_info{provider_name=b"+n+",provider_type=openai,status=enabled} 1", got[1])
	}
	close(stop)
	done.Wait()
}

func TestOneRegistryIsForOneServer(t *testing.T) {
	registry := prometheus.NewRegistry()
	first, err := proxy.New(proxy.Config{Source: proxy.Static{}, Registry: registry})
	require.NoError(t, err)
	assert.Same(t, registry, first.Metrics())
	_, err = proxy.New(proxy.Config{Source: proxy.Static{}, Registry: registry})
	assert.ErrorIs(t, err, proxy.ErrConfig)
	assert.ErrorContains(t, err, "Registry")
}
