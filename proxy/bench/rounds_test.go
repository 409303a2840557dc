package bench_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"
)

// measure is one number of a turn, such as requests per second.
type measure struct {
	name  string
	value float64
	// samples are what a quantile of all rounds together is taken of: quantiles so
	// far out that a single turn has too few beyond them. Nil: value counts.
	samples []time.Duration
	q       float64
}

// turn is the work that a gateway is given in each round. It returns the same measures
// in the same order every time.
type turn func(g *gateway) ([]measure, error)

// versus gives the gateways turns until the benchmark's time is over, and adds the
// medians to the table. Each round begins with another gateway, since whoever comes
// first finds the caches cold.
func versus(b *testing.B, work string, gateways []*gateway, do turn) {
	series := make([][][]measure, len(gateways)) // by gateway, round, measure
	n := 0
	for b.Loop() {
		for i := range gateways {
			at := (i + n) % len(gateways)
			runtime.GC() // the one before pays for its own garbage
			m, err := do(gateways[at])
			if err != nil {
				b.Fatalf("%s: %s: %v", work, gateways[at].name, err)
			}
			series[at] = append(series[at], m)
		}
		n++
	}
	b.ReportMetric(0, "ns/op") // of a round: says nothing
	for i, m := range series[0][0] {
		row := tableRow{work: work, measure: m.name, rounds: n}
		for at, g := range gateways {
			row.gateways = append(row.gateways, g.name)
			row.values = append(row.values, middle(series[at], i))
			row.ratios = append(row.ratios, ratio(series[0], series[at], i))
		}
		b.ReportMetric(row.values[0], unit(m.name))
		if len(gateways) > 1 {
			b.ReportMetric(row.ratios[1], unit(m.name)+"-of-"+gateways[1].name)
		}
		table.add(row)
	}
}

// middle is the median of a measure over all rounds, or the quantile of all its samples.
func middle(rounds [][]measure, i int) float64 {
	if rounds[0][i].samples != nil {
		return pooled(rounds, i)
	}
	var values []float64
	for _, r := range rounds {
		values = append(values, r[i].value)
	}
	return median(values)
}

// ratio is the median of what ours has of theirs, round by round.
func ratio(ours, theirs [][]measure, i int) float64 {
	if ours[0][i].samples != nil {
		return pooled(ours, i) / pooled(theirs, i)
	}
	var values []float64
	for r := range ours {
		values = append(values, ours[r][i].value/theirs[r][i].value)
	}
	return median(values)
}

func pooled(rounds [][]measure, i int) float64 {
	var all []time.Duration
	for _, r := range rounds {
		all = append(all, r[i].samples...)
	}
	return quantile(all, rounds[0][i].q)
}

func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// quantile is the smallest sample that q of all do not exceed, in microseconds.
func quantile(samples []time.Duration, q float64) float64 {
	sorted := slices.Clone(samples)
	slices.Sort(sorted)
	at := min(int(q*float64(len(sorted))), len(sorted)-1)
	return float64(sorted[at]) / float64(time.Microsecond)
}

// latencies are the quantiles that are reported of one turn's samples.
func latencies(what string, samples []time.Duration) []measure {
	return []measure{
		{name: what + " p50 µs", value: quantile(samples, 0.5)},
		{name: what + " p99 µs", value: quantile(samples, 0.99)},
		{name: what + " p99.9 µs", samples: samples, q: 0.999},
	}
}

// cost is what f takes of the whole process, clients and upstream included, per one of n.
// A busy machine slows f, but hardly makes it dearer.
func cost(n int, f func() error) ([]measure, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := cpuTime()
	err := f()
	used := cpuTime() - began
	runtime.ReadMemStats(&after)
	each := float64(n)
	return []measure{
		{name: "CPU µs", value: float64(used) / float64(time.Microsecond) / each},
		{name: "allocations", value: float64(after.Mallocs-before.Mallocs) / each},
		{name: "bytes allocated", value: float64(after.TotalAlloc-before.TotalAlloc) / each},
	}, err
}

func unit(name string) string {
	out := []rune(name)
	for i, r := range out {
		if r == ' ' {
			out[i] = '-'
		}
	}
	return fmt.Sprint(string(out))
}
