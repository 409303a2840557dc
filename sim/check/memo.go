package check

import (
	"slices"
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

// memo keeps what most checks read off the observations, so that a long run is read once
// and not once for each of its requests. A Run is of one goroutine.
type memo struct {
	exchanges once[[]*exchange]
	loads     once[[]load]
	reloads   once[[]reload]
	marks     once[marks]
	pooled    once[map[string]bool]
	unmarked  once[map[string][]attempt]       // by key
	heals     once[map[string][]time.Duration] // by key
	loaded    once[[]time.Duration]            // when rows were loaded, in order
	network   once[[]trace.Observation]        // those that are about the network
	stop      once[time.Duration]              // when the gateway was told to stop; the end of time: never
	labels    map[string]map[string]string     // by series
}

// once is what is read when it is first asked for.
type once[T any] struct {
	value T
	known bool
}

func (o *once[T]) get(read func() T) T {
	if !o.known {
		o.value, o.known = read(), true
	}
	return o.value
}

// exchanges puts together what belongs together by the mark that each client puts on its
// request, in the order of sending. They are shared: a check changes none.
func (r *Run) exchanges() []*exchange { return r.memo.exchanges.get(r.readExchanges) }

// loads are the good reloads, in the order of their ends.
func (r *Run) loads() []load { return r.memo.loads.get(r.readLoads) }

// reloads are those that were asked for, in that order.
func (r *Run) reloads() []reload { return r.memo.reloads.get(r.readReloads) }

// marks are what each key was told by the pools' attempts. A request with a key of its own
// marks none.
func (r *Run) marks() marks { return r.memo.marks.get(r.readMarks) }

// everPooled are the keys that some row has held.
func (r *Run) everPooled() map[string]bool { return r.memo.pooled.get(r.readPooled) }

// unmarked are the answers to a key that did not mark it and may be held against it all the
// same: errors, and words about keys.
func (r *Run) unmarked() map[string][]attempt { return r.memo.unmarked.get(r.readUnmarked) }

// heals are the instants at which an operator took the marks off a key.
func (r *Run) heals(key string) []time.Duration { return r.memo.heals.get(r.readHeals)[key] }

// stopped reports whether the gateway was told to stop before an instant. What is cut off
// then had been promised nothing.
func (r *Run) stopped(at time.Duration) bool { return r.memo.stop.get(r.readStop) <= at }

// reloadedBetween reports whether rows were loaded in a span of time, its ends included.
func (r *Run) reloadedBetween(from, to time.Duration) bool {
	loaded := r.memo.loaded.get(r.readLoaded)
	at, _ := slices.BinarySearch(loaded, from)
	return at < len(loaded) && loaded[at] <= to
}

func (r *Run) readLoaded() (list []time.Duration) {
	for _, o := range r.Observations {
		switch o.Fact.(type) {
		case trace.ProviderLoaded, trace.Reloaded:
			list = append(list, o.At)
		}
	}
	slices.Sort(list)
	return list
}

// changes are what the drill did to the network.
func (r *Run) changes() []trace.Observation { return r.memo.network.get(r.readChanges) }

func (r *Run) readChanges() (list []trace.Observation) {
	for _, o := range r.Observations {
		if _, ok := o.Fact.(trace.NetChanged); ok {
			list = append(list, o)
		}
	}
	return list
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
