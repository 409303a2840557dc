package check

import (
	"slices"
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

// memo keeps what most checks read off the observations, so that a long run is read once
// and not once for each of its requests. A Run is of one goroutine.
type memo struct {
	exchanges []*exchange
	loads     []load
	reloads   []reload
	marks     marks
	pooled    map[string]bool
	unmarked  map[string][]attempt         // by key
	heals     map[string][]time.Duration   // by key
	loaded    []time.Duration              // when rows were loaded, in order
	network   []trace.Observation          // those that are about the network
	labels    map[string]map[string]string // by series
	stop      time.Duration                // when the gateway was told to stop; the end of time: never
	has       struct{ exchanges, loads, reloads, marks, pooled, unmarked, heals, loaded, network, stop bool }
}

// exchanges puts together what belongs together by the mark that each client puts on its
// request, in the order of sending. They are shared: a check changes none.
func (r *Run) exchanges() []*exchange {
	if m := &r.memo; !m.has.exchanges {
		m.exchanges, m.has.exchanges = r.readExchanges(), true
	}
	return r.memo.exchanges
}

// loads are the good reloads, in the order of their ends.
func (r *Run) loads() []load {
	if m := &r.memo; !m.has.loads {
		m.loads, m.has.loads = r.readLoads(), true
	}
	return r.memo.loads
}

// reloads are those that were asked for, in that order.
func (r *Run) reloads() []reload {
	if m := &r.memo; !m.has.reloads {
		m.reloads, m.has.reloads = r.readReloads(), true
	}
	return r.memo.reloads
}

// marks are what each key was told by the pools' attempts. A request with a key of its own
// marks none.
func (r *Run) marks() marks {
	if m := &r.memo; !m.has.marks {
		m.marks, m.has.marks = r.readMarks(), true
	}
	return r.memo.marks
}

// everPooled are the keys that some row has held.
func (r *Run) everPooled() map[string]bool {
	if m := &r.memo; !m.has.pooled {
		m.pooled, m.has.pooled = r.readPooled(), true
	}
	return r.memo.pooled
}

// unmarked are the answers to a key that did not mark it and may be held against it all the
// same: errors, and words about keys.
func (r *Run) unmarked() map[string][]attempt {
	if m := &r.memo; !m.has.unmarked {
		m.unmarked, m.has.unmarked = r.readUnmarked(), true
	}
	return r.memo.unmarked
}

// heals are the instants at which an operator took the marks off a key.
func (r *Run) heals(key string) []time.Duration {
	if m := &r.memo; !m.has.heals {
		m.heals, m.has.heals = r.readHeals(), true
	}
	return r.memo.heals[key]
}

// reloadedBetween reports whether rows were loaded in a span of time, its ends included.
func (r *Run) reloadedBetween(from, to time.Duration) bool {
	m := &r.memo
	if !m.has.loaded {
		m.has.loaded = true
		for _, o := range r.Observations {
			switch o.Fact.(type) {
			case trace.ProviderLoaded, trace.Reloaded:
				m.loaded = append(m.loaded, o.At)
			}
		}
		slices.Sort(m.loaded)
	}
	at, _ := slices.BinarySearch(m.loaded, from)
	return at < len(m.loaded) && m.loaded[at] <= to
}

// changes are what the drill did to the network.
func (r *Run) changes() []trace.Observation {
	m := &r.memo
	if !m.has.network {
		m.has.network = true
		for _, o := range r.Observations {
			if _, ok := o.Fact.(trace.NetChanged); ok {
				m.network = append(m.network, o)
			}
		}
	}
	return m.network
}

// stopped reports whether the gateway was told to stop before an instant. What is cut off
// then had been promised nothing.
func (r *Run) stopped(at time.Duration) bool {
	if m := &r.memo; !m.has.stop {
		m.stop, m.has.stop = r.readStop(), true
	}
	return r.memo.stop <= at
}

// labels are those of a series.
func (r *Run) labels(s Sample) map[string]string {
	m := &r.memo
	labels, known := m.labels[s.Series]
	if !known {
		if m.labels == nil {
			m.labels = map[string]map[string]string{}
		}
		labels = s.labels()
		m.labels[s.Series] = labels
	}
	return labels
}
