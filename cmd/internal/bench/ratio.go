package bench

import (
	"cmp"
	"slices"
)

// measure is one number of phases.
type measure struct {
	name string
	of   func(Phase) float64
}

// quantiles are those of a latency that are reported.
var quantiles = []struct {
	name string
	of   func(Latency) float64
}{
	{"p50", func(l Latency) float64 { return l.P50 }},
	{"p90", func(l Latency) float64 { return l.P90 }},
	{"p99", func(l Latency) float64 { return l.P99 }},
	{"p99.9", func(l Latency) float64 { return l.P999 }},
	{"max", func(l Latency) float64 { return l.Max }},
}

// measures are what a phase is compared by. One that a phase does not have is 0.
func measures(p Phase) (all []measure) {
	all = append(all, measure{"throughput", func(p Phase) float64 { return p.Throughput }})
	if !p.Closed {
		for _, k := range p.kinds() {
			for _, q := range quantiles {
				if q.name == "p50" || q.name == "p99" {
					all = append(all, measure{string(k) + " " + q.name, func(p Phase) float64 { return q.of(p.Latency[string(k)]) }})
				}
			}
		}
		for _, q := range quantiles {
			all = append(all, measure{q.name, func(p Phase) float64 { return q.of(p.Latency["all"]) }})
		}
	}
	if !p.Elsewhere {
		all = append(all, measure{"CPU", func(p Phase) float64 { return p.Process.CPUPerRequest }},
			measure{"allocations", func(p Phase) float64 { return p.Process.AllocsPerRequest }})
	}
	return all
}

// kinds are those that are told apart from all together; none when there is one.
func (p Phase) kinds() (all []kind) {
	for _, k := range []kind{warm, fresh} {
		if n := p.Latency[string(k)].Count; n > 0 && n < p.Latency["all"].Count {
			all = append(all, k)
		}
	}
	return all
}

const (
	ours       = "gatedrill"
	oursByBase = "gatedrill base-url"
	floor      = "direct"
)

// added fills in what each phase has more than direct's of the same round, whose name
// like tells.
func (r *Report) added(like func(Phase) string) {
	for i := range r.Phases {
		p := &r.Phases[i]
		direct := r.of(floor, like(*p))
		if p.Target == floor || p.Round >= len(direct) {
			continue
		}
		d := direct[p.Round]
		x, y := p.Latency["all"], d.Latency["all"]
		p.Added = &Added{P50: x.P50 - y.P50, P90: x.P90 - y.P90, P99: x.P99 - y.P99}
		if !p.Elsewhere {
			p.Added.CPU = p.Process.CPUPerRequest - d.Process.CPUPerRequest
		}
	}
}

// reloadRatios compares storms with the steady state, and our steady state with the others'.
func (r *Report) reloadRatios() {
	steady := column{ours, "steady"}
	for _, c := range r.columns() {
		switch {
		case c == steady:
		case c.target == ours:
			r.pair(c, steady, nil)
		default:
			r.pair(steady, c, nil)
		}
	}
}

// proxyRatios compares both of our ways with all others, and what they add to a direct
// connection with what the others add.
func (r *Report) proxyRatios() {
	addedCPU := []measure{{"added CPU", func(p Phase) float64 {
		if p.Added == nil {
			return 0
		}
		return p.Added.CPU
	}}}
	for _, way := range []string{ours, oursByBase} {
		for _, c := range r.columns() {
			if c.target == ours || c.target == oursByBase {
				continue
			}
			var more []measure
			if c.target != floor && !r.of(c.target, c.name)[0].Elsewhere {
				more = addedCPU
			}
			r.pair(column{way, c.name}, c, more)
		}
	}
}

// pair adds the ratios of one kind of phase to another, in pairs of the same round.
func (r *Report) pair(a, b column, more []measure) {
	of, over := r.of(a.target, a.name), r.of(b.target, b.name)
	for _, m := range append(measures(over[0]), more...) {
		x := Ratio{Measure: m.name, Of: a.String(), Over: b.String()}
		for i := range min(len(of), len(over)) {
			if d := m.of(over[i]); d > 0 {
				x.Pairs = append(x.Pairs, m.of(of[i])/d)
			}
		}
		if len(x.Pairs) > 0 {
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
