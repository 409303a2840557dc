package main

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// upstreamMetrics count what the hosts of a hub do.
type upstreamMetrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	broken   *prometheus.CounterVec
	left     *prometheus.CounterVec
	events   *prometheus.CounterVec
	reloads  *prometheus.CounterVec
}

func newUpstreamMetrics(hosts func() []*host) *upstreamMetrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatedrill_upstream_" + name, Help: help}, labels)
	}
	m := &upstreamMetrics{
		registry: prometheus.NewRegistry(),
		requests: counter("requests_total", "Requests by the key that they came with and what was answered; 0: nothing was.", "host", "key", "status"),
		broken:   counter("broken_answers_total", "Answers that were broken as the script says.", "host"),
		left:     counter("requesters_left_total", "Requesters that left before their answer was whole.", "host"),
		events:   counter("events_total", "Content events that were sent.", "host"),
		reloads:  counter("reloads_total", "Readings of a script that had changed.", "result"),
	}
	m.registry.MustRegister(m.requests, m.broken, m.left, m.events, m.reloads, faultCollector{hosts})
	for _, result := range []string{"ok", "error"} {
		m.reloads.WithLabelValues(result) // there from the beginning, so that rates are
	}
	return m
}

func (m *upstreamMetrics) ended(host string, r fakeupstream.Request) {
	m.requests.WithLabelValues(host, r.Key, strconv.Itoa(r.Status)).Inc()
	m.events.WithLabelValues(host).Add(float64(r.Events))
	if r.Broke != "" {
		m.broken.WithLabelValues(host).Inc()
	}
	if r.Left {
		m.left.WithLabelValues(host).Inc()
	}
}

func (m *upstreamMetrics) reloaded(err error) {
	if err != nil {
		m.reloads.WithLabelValues("error").Inc()
		return
	}
	m.reloads.WithLabelValues("ok").Inc()
}

// faultCollector counts the faults that there are when it is asked.
type faultCollector struct{ hosts func() []*host }

var faultDesc = prometheus.NewDesc("gatedrill_upstream_faults",
	"What the script and the requests disagree about at present, by kind.", []string{"host", "kind"}, nil)

// Describe implements prometheus.Collector.
func (faultCollector) Describe(ch chan<- *prometheus.Desc) { ch <- faultDesc }

// Collect implements prometheus.Collector.
func (c faultCollector) Collect(ch chan<- prometheus.Metric) {
	for _, s := range c.hosts() {
		count := map[fakeupstream.FaultKind]int{}
		for _, f := range s.fake.Faults() {
			count[f.Kind]++
		}
		for k := fakeupstream.Unasked; k <= fakeupstream.Unreached; k++ {
			ch <- prometheus.MustNewConstMetric(faultDesc, prometheus.GaugeValue, float64(count[k]), s.name, k.String())
		}
	}
}
