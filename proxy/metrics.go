package proxy

import (
	"fmt"
	"sync"

	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gatedrill/gatedrill/keypool"
)

// metrics counts. Everything that has a provider's name is collected from accounts and
// the live snapshot when it is asked for, so that no scrape sees half a reload, and
// nothing of a deleted provider is left once its last request has ended.
type metrics struct {
	snapshot func() *Snapshot

	intercepted, tunneled prometheus.Counter
	reloadAt, successAt   prometheus.Gauge

	mu       sync.Mutex
	accounts map[string]*account // by provider
	loose    []string            // whose accounts may have no row
}

func newMetrics(snapshot func() *Snapshot) *metrics {
	sessions := func(kind string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{
			Name:        "gatedrill_connect_sessions_total",
			Help:        "CONNECTs that were established, intercepted (mitm) or tunneled unread. Absolute-form requests are none.",
			ConstLabels: prometheus.Labels{"type": kind},
		})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	return &metrics{
		snapshot:    snapshot,
		intercepted: sessions("mitm"),
		tunneled:    sessions("tunneled"),
		reloadAt: gauge("gatedrill_providers_last_reload_timestamp_seconds",
			"When providers were last asked for, successfully or not, in seconds since 1970."),
		successAt: gauge("gatedrill_providers_last_reload_success_timestamp_seconds",
			"When providers were last reloaded successfully, in seconds since 1970."),
		accounts: map[string]*account{},
	}
}

// register registers everything, or nothing.
func (m *metrics) register(registry *prometheus.Registry) error {
	all := []prometheus.Collector{m.intercepted, m.tunneled, m.reloadAt, m.successAt, m}
	for i, c := range all {
		if err := registry.Register(c); err != nil {
			for _, done := range all[:i] {
				registry.Unregister(done)
			}
			return fmt.Errorf("%w: Registry: %w", ErrConfig, err)
		}
	}
	return nil
}

func (m *metrics) reloaded(at time.Time, ok bool) {
	seconds := float64(at.UnixNano()) / 1e9
	m.reloadAt.Set(seconds)
	if ok {
		m.successAt.Set(seconds)
	}
}

// open returns the account of a provider, whose row may have gone meanwhile.
func (m *metrics) open(provider string) *account {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.accounts[provider]
	if a == nil {
		a = &account{}
		m.accounts[provider] = a
		m.loose = append(m.loose, provider) // its row may be gone
	}
	return a
}

// published closes the accounts of providers that are gone: of the rows that left, and
// of those that were open without a row before. One with a request in flight is closed
// by the next reload after its end, and not shown meanwhile once it is idle.
func (m *metrics) published(live *Snapshot, left []*row) {
	m.mu.Lock()
	defer m.mu.Unlock()
	names := m.loose
	for _, r := range left {
		names = append(names, r.Name)
	}
	m.loose = nil
	for _, name := range names {
		switch a := m.accounts[name]; {
		case a == nil || live.names.get(name) != nil:
		case a.idle():
			delete(m.accounts, name)
		default:
			m.loose = append(m.loose, name)
		}
	}
}

// account is what is counted for one provider.
type account struct {
	mu        sync.Mutex
	requests  uint64
	inflight  int64
	responses map[int]uint64    // by status
	failovers map[string]uint64 // by reason
	outcomes  map[string]uint64 // of exhaustions
}

// begin counts a request; the function that it returns counts the request's end, with
// the status that the client saw, or 0.
func (a *account) begin() func(status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests++
	a.inflight++
	return a.end
}

func (a *account) end(status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.inflight--
	if status != 0 {
		count(&a.responses, status)
	}
}

func (a *account) idle() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.inflight == 0
}

func (a *account) failover(reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	count(&a.failovers, reason)
}

func (a *account) exhausted(e keypool.Exhaustion) {
	outcome := "unavailable"
	if e.RateLimited {
		outcome = "rate_limited"
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	count(&a.outcomes, outcome)
}

// count counts in a map that is made when it is needed: most accounts of a large
// configuration never see a request.
func count[K comparable](m *map[K]uint64, k K) {
	if *m == nil {
		*m = map[K]uint64{}
	}
	(*m)[k]++
}
