package bench

import (
	"fmt"
	"io"
	"slices"
	"strconv"
)

// failoverTable writes medians over all requests, and over rounds.
func (r *Report) failoverTable(w io.Writer) error {
	fmt.Fprintln(w)
	t := newTable(w)
	fmt.Fprintln(t, "keys\tupstream attempts\tacross p50 µs\tper key µs\tp99 µs\talready set aside p50 µs\texhausted p50 µs\t")
	for _, p := range r.Pools {
		across, settled, each := middle(p.Across), middle(p.Settled), "-"
		if p.Keys > 1 {
			each = fmt.Sprintf("%.0f", (across-settled)/float64(p.Keys-1))
		}
		fmt.Fprintf(t, "%d\t%d\t%.0f\t%s\t%.0f\t%.0f\t%.0f\t\n", p.Keys, p.Attempts, across, each, nearly(p.Across), settled, middle(p.Spent))
	}
	if err := t.Flush(); err != nil || len(r.Herds) == 0 {
		return err
	}
	first := r.Herds[0]
	fmt.Fprintf(w, "\na herd of %d at the end of one key's cooldown; the upstream allows %d at once and %d more each second\n",
		first.Clients, first.Burst, first.Rate)
	fmt.Fprint(t, "probes\trounds")
	for _, m := range herdMeasures {
		fmt.Fprint(t, "\t", m.name)
	}
	fmt.Fprintln(t, "\t")
	for _, probes := range r.bounds() {
		herds := r.herds(probes)
		fmt.Fprintf(t, "%s\t%d", boundText(probes), len(herds))
		for _, m := range herdMeasures {
			fmt.Fprintf(t, "\t%.0f", middle(m.all(herds)))
		}
		fmt.Fprintln(t, "\t")
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if err := r.ratioTable(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d clients were not served\n", r.Faults())
	return err
}

// nearly is the p99 of samples, 0 of none.
func nearly(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return v[min(len(v)-1, len(v)*99/100)]
}

// herdMeasure is one number of a herd.
type herdMeasure struct {
	name string
	of   func(Herd) float64
}

var herdMeasures = []herdMeasure{
	{"upstream attempts", func(h Herd) float64 { return float64(h.Attempts) }},
	{"of those 429", func(h Herd) float64 { return float64(h.Limited) }},
	{"answered by the gateway", func(h Herd) float64 { return float64(h.Spared) }},
	{"served", func(h Herd) float64 { return float64(h.Served) }},
	{"broken", func(h Herd) float64 { return float64(h.Broken) }},
	{"p50 ms", func(h Herd) float64 { return h.HalfMS }},
	{"all after ms", func(h Herd) float64 { return h.AllMS }},
}

func (m herdMeasure) all(herds []Herd) (v []float64) {
	for _, h := range herds {
		v = append(v, m.of(h))
	}
	return v
}

// bounds are the numbers of probes, in order.
func (r *Report) bounds() (all []int) {
	for _, h := range r.Herds {
		if !slices.Contains(all, h.Probes) {
			all = append(all, h.Probes)
		}
	}
	slices.Sort(all)
	return all
}

// herds are those of one bound, in the order of rounds.
func (r *Report) herds(probes int) (all []Herd) {
	for _, h := range r.Herds {
		if h.Probes == probes {
			all = append(all, h)
		}
	}
	return all
}

func boundText(probes int) string {
	if probes <= 0 {
		return "no bound"
	}
	return strconv.Itoa(probes)
}

// failoverRatios compares herds with the one that has the least bound, in pairs of the same
// round.
func (r *Report) failoverRatios() {
	bounds := r.bounds()
	for _, probes := range bounds[min(1, len(bounds)):] {
		of, over := r.herds(probes), r.herds(bounds[0])
		for _, m := range herdMeasures {
			x := Ratio{Measure: m.name, Of: "probes " + boundText(probes), Over: boundText(bounds[0])}
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
}

// failoverPlots are the cost by the number of keys, and when herds were served.
func (r *Report) failoverPlots() []string {
	keys := plot{title: "A request, by the number of keys", x: "keys", y: "µs", logX: true, logY: true,
		lines: []curve{{name: "across, p50"}, {name: "across, p99"}, {name: "already set aside, p50"}, {name: "exhausted, p50"}}}
	for _, p := range r.Pools {
		for i, v := range []float64{middle(p.Across), nearly(p.Across), middle(p.Settled), middle(p.Spent)} {
			keys.lines[i].points = append(keys.lines[i].points, [2]float64{float64(p.Keys), v})
		}
	}
	all := []string{keys.svg()}
	if len(r.Herds) == 0 {
		return all
	}
	herds := plot{title: "Upstream attempts of a herd, by round", x: "round", y: "attempts"}
	for _, probes := range r.bounds() {
		c := curve{name: "probes: " + boundText(probes)}
		for _, h := range r.herds(probes) {
			c.points = append(c.points, [2]float64{float64(h.Round + 1), float64(h.Attempts)})
		}
		herds.lines = append(herds.lines, c)
	}
	return append(all, herds.svg())
}

// compareFailover gives line the samples of what both reports have.
func (r *Report) compareFailover(old *Report, line func(name string, before, after []float64)) {
	for _, x := range r.Pools {
		for _, y := range old.Pools {
			if x.Keys == y.Keys {
				line(fmt.Sprintf("across %d keys µs", x.Keys), y.Across, x.Across)
				line(fmt.Sprintf("already set aside, %d keys µs", x.Keys), y.Settled, x.Settled)
				line(fmt.Sprintf("exhausted, %d keys µs", x.Keys), y.Spent, x.Spent)
			}
		}
	}
	for _, probes := range r.bounds() {
		for _, m := range herdMeasures {
			line(fmt.Sprintf("herd, probes %s: %s", boundText(probes), m.name), m.all(old.herds(probes)), m.all(r.herds(probes)))
		}
	}
}
