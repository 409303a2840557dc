package check

import (
	"slices"
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

// load is what one good reload put into service.
type load struct {
	began, at time.Duration // when the reload was asked for, and when it had ended
	step      int
	rows      []trace.ProviderLoaded
}

// readLoads takes facts without a number as those of one reload a step.
func (r *Run) readLoads() []load {
	type id struct{ step, number int }
	var list []load
	began := map[int]time.Duration{}
	last := id{step: -1}
	for _, o := range r.Observations {
		switch f := o.Fact.(type) {
		case trace.ReloadBegan:
			began[f.Reload] = o.At
		case trace.ProviderLoaded:
			if now := (id{o.Step, f.Reload}); now != last || len(list) == 0 {
				list, last = append(list, newLoad(o, began, f.Reload)), now
			}
			l := &list[len(list)-1]
			l.at, l.rows = o.At, append(l.rows, f)
		case trace.Reloaded:
			list, last = append(list, newLoad(o, began, f.Reload)), id{o.Step, f.Reload}
		}
	}
	slices.SortStableFunc(list, func(a, b load) int { return int(a.at - b.at) })
	return list
}

func newLoad(o trace.Observation, began map[int]time.Duration, number int) load {
	l := load{began: o.At, at: o.At, step: o.Step}
	if at, ok := began[number]; ok {
		l.began = at
	}
	return l
}

// candidates are the snapshots that may have been live at some time in a span: the
// last one from before, and each that was being put into service meanwhile. The first
// one of all is empty.
func (r *Run) candidates(from, to time.Duration) []numbered {
	list := []numbered{{}}
	for i, l := range r.loads() {
		switch now := (numbered{i + 1, l}); {
		case l.at < from:
			list = append(list[:0], now)
		case l.began <= to:
			list = append(list, now)
		}
	}
	return list
}

// numbered is a snapshot with its place among all of the run; 0 is the empty one.
type numbered struct {
	n int
	load
}

// owners are the rows that may own a host: one, unless nobody can tell.
func (l load) owners(host string) []trace.ProviderLoaded {
	var rows []trace.ProviderLoaded
	for _, row := range l.rows {
		if row.Routes() && row.Host == host && host != "" {
			rows = append(rows, row)
		}
	}
	return rows
}

// serves reports whether a row surely has its host. Of a gateway that tells nothing of
// its rows nobody knows that, where the row is not in order, or another has the host or the
// name as well.
func (l load) serves(row trace.ProviderLoaded) bool {
	if !row.Routes() || row.Status != trace.Unobserved {
		return row.Routes()
	}
	if !sound(row) {
		return false
	}
	n := 0
	for _, other := range l.rows {
		if canonicalHost(other) == canonicalHost(row) || other.Name == row.Name {
			n++
		}
	}
	return n == 1
}

// has reports whether some row of the snapshot holds a key.
func (l load) has(key string) bool {
	return slices.ContainsFunc(l.rows, func(row trace.ProviderLoaded) bool { return slices.Contains(row.Keys, key) })
}

// named reports whether some row of the snapshot has a name.
func (l load) named(name string) bool {
	return slices.ContainsFunc(l.rows, func(row trace.ProviderLoaded) bool { return row.Name == name })
}

// reload is one that was asked for, good or not.
type reload struct {
	began, at time.Duration // at is the end of time for one that was never seen to end
}

func (r *Run) readReloads() []reload {
	const never = time.Duration(1<<63 - 1)
	var list []reload
	index := map[int]int{}
	end := func(number int, at time.Duration) {
		if i, ok := index[number]; ok {
			list[i].at = at
		}
	}
	for _, o := range r.Observations {
		switch f := o.Fact.(type) {
		case trace.ReloadBegan:
			index[f.Reload] = len(list)
			list = append(list, reload{o.At, never})
		case trace.ProviderLoaded:
			end(f.Reload, o.At)
		case trace.Reloaded:
			end(f.Reload, o.At)
		case trace.ReloadFailed:
			end(f.Reload, o.At)
		}
	}
	return list
}
