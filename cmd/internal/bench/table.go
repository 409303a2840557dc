package bench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Table writes the report for a terminal. Numbers of several rounds are their medians.
func (r *Report) Table(w io.Writer) error {
	fmt.Fprintf(w, "%s, %d cores, %s %s/%s, load before %s\n", r.Machine.CPU, r.Machine.Cores, r.Machine.Go, r.Machine.OS, r.Machine.Arch, r.Machine.Load)
	fmt.Fprintf(w, "%d providers, %d requests/s: %s\n\n", r.Rows, r.Rate, r.Mix)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	columns := r.columns()
	head := ""
	for _, c := range columns {
		head += "\t" + c.String()
	}
	fmt.Fprintln(t, head+"\t")
	for _, l := range r.lines() {
		fmt.Fprint(t, l.name)
		for _, c := range columns {
			fmt.Fprint(t, "\t", l.of(r.of(c.target, c.name)))
		}
		fmt.Fprint(t, "\t\n")
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	fmt.Fprintln(t, "reload, rows in memory to live\tfull build\tnothing changed\tone row changed\tone row / full build\t")
	for i := 0; i+2 < len(r.Reloads); i += 3 {
		full, none, one := r.Reloads[i], r.Reloads[i+1], r.Reloads[i+2]
		fmt.Fprintf(t, "%d providers\t%s\t%s\t%s\t%.3f\t\n", full.Rows, short(full.Median()), short(none.Median()), short(one.Median()),
			float64(one.Median())/float64(full.Median()))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	fmt.Fprintln(t, "ratio, pair by pair\tmedian\tleast\tmost\tpairs\t")
	for _, x := range r.Ratios {
		if len(x.Pairs) > 0 {
			fmt.Fprintf(t, "%s: %s / %s\t%.2f\t%.2f\t%.2f\t%d\t\n", x.Measure, x.Of, x.Over, middle(x.Pairs), slices.Min(x.Pairs), slices.Max(x.Pairs), len(x.Pairs))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return r.faultLines(w)
}

// line is one line of the table of phases.
type line struct {
	name string
	of   func([]Phase) string
}

func (r *Report) lines() []line {
	number := func(name, format string, f func(Phase) float64) line {
		return line{name, func(all []Phase) string { return fmt.Sprintf(format, middleOf(all, f)) }}
	}
	sum := func(name string, f func(Phase) int) line {
		return line{name, func(all []Phase) string {
			n := 0
			for _, p := range all {
				n += f(p)
			}
			return fmt.Sprint(n)
		}}
	}
	lines := []line{
		sum("requests", func(p Phase) int { return p.Requests }),
		number("answered 200 /s", "%.1f", func(p Phase) float64 { return p.Throughput }),
	}
	for _, q := range []struct {
		name string
		of   func(Latency) float64
	}{
		{"p50", func(l Latency) float64 { return l.P50 }}, {"p90", func(l Latency) float64 { return l.P90 }},
		{"p99", func(l Latency) float64 { return l.P99 }}, {"p99.9", func(l Latency) float64 { return l.P999 }},
		{"max", func(l Latency) float64 { return l.Max }},
	} {
		lines = append(lines, number(q.name+" µs", "%.0f", func(p Phase) float64 { return q.of(p.Latency["all"]) }))
	}
	floor := middleOf(r.of("direct", "steady"), func(p Phase) float64 { return p.Latency["all"].P50 })
	return append(lines,
		number("added to direct, p50 µs", "%.0f", func(p Phase) float64 { return p.Latency["all"].P50 - floor }),
		number("warm p50 µs", "%.0f", func(p Phase) float64 { return p.Latency["warm"].P50 }),
		number("fresh p50 µs", "%.0f", func(p Phase) float64 { return p.Latency["fresh"].P50 }),
		number("stream p50 µs", "%.0f", func(p Phase) float64 { return p.Latency["stream"].P50 }),
		sum("misrouted", func(p Phase) int { return total(p.Misrouted) }),
		sum("errors", func(p Phase) int { return total(p.Errors) }),
		sum("dropped streams", func(p Phase) int { return p.Dropped }),
		sum("turned away by an edit", func(p Phase) int { return p.TurnedAway }),
		sum("reloads", func(p Phase) int { return p.Reloads.Done }),
		sum("reloads whose source failed", func(p Phase) int { return p.Reloads.Failed }),
		number("reload p50 µs", "%.0f", func(p Phase) float64 { return p.Reloads.P50 }),
		number("reload max µs", "%.0f", func(p Phase) float64 { return p.Reloads.Max }),
		number("reading p50 µs", "%.0f", func(p Phase) float64 { return p.Reloads.ReadP50 }),
		number("allocations / request", "%.0f", func(p Phase) float64 { return p.Process.AllocsPerRequest }),
		number("bytes / request", "%.0f", func(p Phase) float64 { return p.Process.BytesPerRequest }),
		number("heap MiB", "%.0f", func(p Phase) float64 { return p.Process.HeapMiB }),
		number("goroutines", "%.0f", func(p Phase) float64 { return float64(p.Process.Goroutines) }),
		number("garbage collections", "%.0f", func(p Phase) float64 { return float64(p.Process.GCs) }),
		number("longest GC pause µs", "%.0f", func(p Phase) float64 { return p.Process.GCPauseMax }),
	)
}

func middleOf(all []Phase, f func(Phase) float64) float64 {
	var v []float64
	for _, p := range all {
		v = append(v, f(p))
	}
	return middle(v)
}

// faultLines says in full what must not be.
func (r *Report) faultLines(w io.Writer) error {
	var out strings.Builder
	for _, p := range r.Phases {
		for _, kind := range slices.Sorted(maps.Keys(p.Misrouted)) {
			fmt.Fprintf(&out, "misrouted: %s %s, round %d: %s: %d\n", p.Target, p.Name, p.Round+1, kind, p.Misrouted[kind])
		}
		for _, text := range slices.Sorted(maps.Keys(p.Errors)) {
			fmt.Fprintf(&out, "error: %s %s, round %d: %s: %d\n", p.Target, p.Name, p.Round+1, text, p.Errors[text])
		}
		if p.Dropped > 0 {
			fmt.Fprintf(&out, "dropped streams: %s %s, round %d: %d\n", p.Target, p.Name, p.Round+1, p.Dropped)
		}
	}
	if out.Len() > 0 {
		out.WriteString("\n")
	}
	_, err := fmt.Fprintf(w, "\n%s%d misrouted, failed or dropped\n", out.String(), r.Faults())
	return err
}

func short(d time.Duration) string {
	switch {
	case d >= 10*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	case d >= 100*time.Microsecond:
		return d.Round(10 * time.Microsecond).String()
	default:
		return d.Round(100 * time.Nanosecond).String()
	}
}
