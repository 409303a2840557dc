package sim

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gatedrill/gatedrill/sim/check"
)

// Watchdog is the watchdog, for tests that look when they want to.
type Watchdog struct{ dog watchdog }

// Guard, Look and LookAway are its own.
func (w *Watchdog) Guard(bubble string)                       { w.dog.guard(bubble) }
func (w *Watchdog) Look(onStuck func(check.Finding)) (b bool) { return w.dog.look(onStuck) }
func (w *Watchdog) LookAway(f func())                         { w.dog.lookAway(f) }

// BubbleID is the bubble that the caller runs in.
func BubbleID() string { return bubbleID() }

// Moves reports whether goroutines of these states count as moving.
func Moves(states ...string) bool {
	var all []goroutine
	for _, s := range states {
		all = append(all, goroutine{id: "1", state: s})
	}
	return fingerprint(all) == ""
}

// MetricsWatch reads a registry, in the quick way where that is allowed.
type MetricsWatch struct{ watch metricsWatch }

// WatchMetrics begins to read a registry.
func WatchMetrics(r *prometheus.Registry, now func() time.Duration) *MetricsWatch {
	return &MetricsWatch{metricsWatch{registry: r, now: now}}
}

// Read and Gather are one look, as it is and with everything looked at; Quick reports whether the next
// one asks collectors alone.
func (m *MetricsWatch) Read(step int) ([]check.Sample, error)   { return m.watch.read(step) }
func (m *MetricsWatch) Gather(step int) ([]check.Sample, error) { return m.watch.gather(step) }
func (m *MetricsWatch) Quick() bool                             { return m.watch.places != nil }
