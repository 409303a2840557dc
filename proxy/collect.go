package proxy

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gatedrill/gatedrill/keypool"
)

var (
	descRequests = prometheus.NewDesc("gatedrill_mitm_requests_total",
		"Requests that were given to the bridge: decrypted in a tunnel, in absolute form, or in base-URL mode.", []string{"provider"}, nil)
	descInflight = prometheus.NewDesc("gatedrill_inflight_mitm_requests",
		"Bridged requests, in whatever mode, that have not ended.", []string{"provider"}, nil)
	descResponses = prometheus.NewDesc("gatedrill_mitm_responses_total",
		"Answers to bridged requests, in whatever mode, by the status that the client saw.", []string{"code", "provider"}, nil)
	descFailovers = prometheus.NewDesc("gatedrill_key_failovers_total",
		"Requests that moved on to another key, by the reason for leaving the one before.", []string{"provider", "reason"}, nil)
	descExhaustions = prometheus.NewDesc("gatedrill_key_pool_exhaustions_total",
		"Requests for which no key was left, by whether waiting helps.", []string{"provider", "outcome"}, nil)
	descInfo = prometheus.NewDesc("gatedrill_provider_info",
		"Each provider of the live snapshot with its status.", []string{"provider_name", "provider_type", "status"}, nil)
	descKeys = prometheus.NewDesc("gatedrill_key_pool_keys",
		"Keys of each pool by their present state.", []string{"provider", "state"}, nil)
)

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range [...]*prometheus.Desc{descRequests, descInflight, descResponses, descFailovers,
		descExhaustions, descInfo, descKeys} {
		ch <- d
	}
}

// Collect implements prometheus.Collector: everything of one scrape is of one snapshot.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	live := m.snapshot()
	m.collectProviders(ch, live)

	m.mu.Lock()
	accounts := maps.Clone(m.accounts)
	m.mu.Unlock()
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(accounts)) {
		a, gone := accounts[name], live.names.get(name) == nil
		if name = label(name); seen[name] || gone && a.idle() {
			continue
		}
		seen[name] = true
		a.collect(ch, name)
	}
}

func (m *metrics) collectProviders(ch chan<- prometheus.Metric, live *Snapshot) {
	type series struct{ name, kind, status string }
	seen := make(map[series]bool, len(live.rows))
	pools := map[string]bool{}
	for i := range live.rows {
		r := live.rows[i]
		s := series{label(r.Name), label(r.Type), string(r.Status)}
		// Two rows in error can have the same name, and a scrape with a series twice fails.
		if !seen[s] {
			seen[s] = true
			ch <- prometheus.MustNewConstMetric(descInfo, prometheus.GaugeValue, 1, s.name, s.kind, s.status)
		}
		if r.pool == nil || pools[s.name] {
			continue
		}
		pools[s.name] = true
		var count [3]int
		for _, k := range r.pool.States() {
			count[k.State]++
		}
		for state, n := range count {
			ch <- prometheus.MustNewConstMetric(descKeys, prometheus.GaugeValue, float64(n), s.name, keypool.State(state).String())
		}
	}
}

// collect sends what the account has, as of one instant. An account without a request
// is not shown: it was refused before it was counted.
func (a *account) collect(ch chan<- prometheus.Metric, provider string) {
	a.mu.Lock()
	requests, inflight := a.requests, a.inflight
	responses, failovers, outcomes := maps.Clone(a.responses), maps.Clone(a.failovers), maps.Clone(a.outcomes)
	a.mu.Unlock()
	if requests > 0 {
		ch <- prometheus.MustNewConstMetric(descRequests, prometheus.CounterValue, float64(requests), provider)
		ch <- prometheus.MustNewConstMetric(descInflight, prometheus.GaugeValue, float64(inflight), provider)
	}
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		ch <- prometheus.MustNewConstMetric(descResponses, prometheus.CounterValue, float64(responses[status]), strconv.Itoa(status), provider)
	}
	for _, reason := range slices.Sorted(maps.Keys(failovers)) {
		ch <- prometheus.MustNewConstMetric(descFailovers, prometheus.CounterValue, float64(failovers[reason]), provider, reason)
	}
	for _, outcome := range slices.Sorted(maps.Keys(outcomes)) {
		ch <- prometheus.MustNewConstMetric(descExhaustions, prometheus.CounterValue, float64(outcomes[outcome]), provider, outcome)
	}
}

// label makes a row's text fit for a label: one that is not UTF-8 fails the scrape.
func label(s string) string { return strings.ToValidUTF8(s, "�") }
