package check

import (
	"slices"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

func viewEqualsState() Check {
	return Check{
		Name:     "view-equals-state",
		Sentence: "What metrics and the admin page say of a key is its state now.",
		Bugs:     []string{"CLIProxyAPI#5964", "api7/aisix#738"},
		find: func(r *Run) []Finding {
			found := r.wrongPools()
			marks := r.marks()
			for _, o := range r.Observations {
				f, ok := o.Fact.(trace.KeyIs)
				if !ok || f.Key == "" || strings.Contains(f.State, trace.Unobserved) {
					continue
				}
				l, settled := r.settledAt(o.At)
				row, one := l.single(f.Provider)
				if !settled || !one || !l.ownsKeys(row) || !slices.Contains(row.Keys, f.Key) {
					continue // the source's row may have other keys than the live one
				}
				state, _, _ := strings.Cut(f.State, " ")
				if want := r.stateOf(marks, f.Key, o.At); want != "" && want != state {
					found = append(found, findingf(o.Step, "%s %s is shown as %s, and the answers to it say %s", f.Provider, f.Key, state, want))
				}
			}
			return found
		},
	}
}

// wrongPools finds samples of a pool that cannot be true of its keys.
func (r *Run) wrongPools() []Finding {
	var found []Finding
	told := map[string]bool{} // what stays wrong is told once
	tell := func(step int, format string, args ...any) {
		if f := findingf(step, format, args...); !told[f.Text] {
			told[f.Text] = true
			found = append(found, f)
		}
	}
	pools := map[look]map[string]float64{} // of one step: a long run has many
	var order []Sample
	judge := func() {
		for _, s := range order {
			r.judgePool(s, pools[r.lookOf(s)], tell)
		}
		clear(pools)
		order = order[:0]
	}
	for s := range r.Metrics.All() {
		if s.Name == "" || s.Name != r.Intent.Metrics.Keys {
			continue
		}
		if len(order) > 0 && order[0].Step != s.Step {
			judge()
		}
		id := r.lookOf(s)
		if pools[id] == nil {
			pools[id] = map[string]float64{}
			order = append(order, s)
		}
		pools[id][r.labels(s)["state"]] += s.Value
	}
	judge()
	return found
}

// judgePool tells what a look says of a pool, by state, and cannot be true; s is a sample of it.
func (r *Run) judgePool(s Sample, pool map[string]float64, tell func(step int, format string, args ...any)) {
	name := r.providerLabel(s)
	l, settled := r.settledAt(s.At)
	row, one := l.single(name)
	if !settled || !one || !l.serves(row) || len(row.Keys) == 0 || !l.ownsKeys(row) {
		return
	}
	marks := r.marks()
	sure, unsure, sum := map[string]float64{}, 0.0, 0.0
	for _, k := range row.Keys {
		if state := r.stateOf(marks, k, s.At); state != "" {
			sure[state]++
		} else {
			unsure++
		}
	}
	for _, state := range []string{"available", "cooling", "disabled"} {
		sum += pool[state]
		if n := pool[state]; n < sure[state] || n > sure[state]+unsure {
			tell(s.Step, "%s says that %v keys of %s are %s; by the answers to them it is %v", s.Name, n, name, state, sure[state])
		}
	}
	if sum != float64(len(row.Keys)) {
		tell(s.Step, "%s speaks of %v keys of %s, which has %d", s.Name, sum, name, len(row.Keys))
	}
}

// stateOf is the state that a key must be in by what the witnesses saw; "": nobody can
// be sure.
func (r *Run) stateOf(marks marks, key string, at time.Duration) string {
	state := "available"
	for _, s := range marks.since(key, at) {
		if s.at > at {
			break
		}
		switch {
		case s.healed > 0 && s.healed == at:
			return "" // before or after: the clock cannot tell
		case s.at > at, s.over(at):
		case !s.known || s.dubious(at) || s.told > at || r.late(key, s):
			return ""
		case s.rest == 0:
			if !r.keepsURL(key, s.began, at) {
				return ""
			}
			state = "disabled"
		case s.told+s.rest <= at || state == "disabled":
		case s.at+s.rest <= at || !r.staysPut(key, s.began, at):
			return ""
		default:
			state = "cooling"
		}
	}
	return state
}

// single is the one row of a name.
func (l load) single(name string) (row trace.ProviderLoaded, ok bool) {
	n := 0
	for _, other := range l.rows {
		if other.Name == name {
			row, n = other, n+1
		}
	}
	return row, n == 1
}

// ownsKeys reports whether no other row has a key of this one.
func (l load) ownsKeys(row trace.ProviderLoaded) bool {
	for _, k := range row.Keys {
		n := 0
		for _, other := range l.rows {
			for _, have := range other.Keys {
				if have == k {
					n++
				}
			}
		}
		if n != 1 {
			return false
		}
	}
	return true
}

// look is one at one provider's pool.
type look struct {
	step     int
	at       time.Duration
	provider string
}

func (r *Run) lookOf(s Sample) look { return look{s.Step, s.At, r.providerLabel(s)} }
