package bench

import (
	"cmp"
	"slices"
)

// measures are what phases are compared by.
var measures = []struct {
	name string
	of   func(Phase) float64
}{
	{"throughput", func(p Phase) float64 { return p.Throughput }},
	{"warm p50", func(p Phase) float64 { return p.Latency["warm"].P50 }},
	{"warm p99", func(p Phase) float64 { return p.Latency["warm"].P99 }},
	{"fresh p50", func(p Phase) float64 { return p.Latency["fresh"].P50 }},
	{"fresh p99", func(p Phase) float64 { return p.Latency["fresh"].P99 }},
	{"p50", func(p Phase) float64 { return p.Latency["all"].P50 }},
	{"p90", func(p Phase) float64 { return p.Latency["all"].P90 }},
	{"p99", func(p Phase) float64 { return p.Latency["all"].P99 }},
	{"p99.9", func(p Phase) float64 { return p.Latency["all"].P999 }},
	{"max", func(p Phase) float64 { return p.Latency["all"].Max }},
	{"allocations", func(p Phase) float64 { return p.Process.AllocsPerRequest }},
}

const ours = "gatedrill"

// ratios compares storms with the steady state, and our steady state with the others', in
// pairs of the same round.
func (r *Report) ratios() {
	steady := r.of(ours, "steady")
	for _, c := range r.columns() {
		if c.target == ours && c.name == "steady" {
			continue
		}
		for _, m := range measures {
			over, of := steady, r.of(c.target, c.name)
			x := Ratio{Measure: m.name, Of: c.String(), Over: ours + " steady"}
			if c.target != ours {
				over, of = of, steady
				x.Of, x.Over = x.Over, x.Of
			}
			for i := range min(len(of), len(over)) {
				if b := m.of(over[i]); b > 0 {
					x.Pairs = append(x.Pairs, m.of(of[i])/b)
				}
			}
			r.Ratios = append(r.Ratios, x)
		}
	}
}

// column is one kind of phase.
type column struct{ target, name string }

func (c column) String() string { return c.target + " " + c.name }

// columns are the kinds of phases, our own first, in the order of the report.
func (r *Report) columns() (all []column) {
	for _, p := range r.Phases {
		if c := (column{p.Target, p.Name}); !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b column) int {
		rank := func(c column) int {
			if c.target == ours {
				return 0
			}
			return 1
		}
		return cmp.Compare(rank(a), rank(b))
	})
	return all
}

// of are the phases of one kind, in the order of rounds.
func (r *Report) of(target, name string) (all []Phase) {
	for _, p := range r.Phases {
		if p.Target == target && p.Name == name {
			all = append(all, p)
		}
	}
	return all
}

// middle is the median, 0 of nothing.
func middle(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}
