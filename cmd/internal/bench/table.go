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
	m := r.Machine
	fmt.Fprintf(w, "%s, %d cores, %s %s/%s, load before %s\n", m.CPU, m.Cores, m.Go, m.OS, m.Arch, m.Load)
	switch r.Bench {
	case benchProxy:
		return r.proxyTable(w)
	case benchSim:
		return r.simTable(w)
	case benchFailover:
		return r.failoverTable(w)
	default:
		return r.reloadTable(w)
	}
}

func (r *Report) reloadTable(w io.Writer) error {
	fmt.Fprintf(w, "%d providers, %d requests/s: %s\n\n", r.Rows, r.Rate, r.Mix)
	columns := r.columns()
	if err := r.phaseTable(w, "", columns, column.String, slices.Concat(requestLines(), latencyLines(), kindLines(), faultLines(), reloadLines(), processLines())); err != nil {
		return err
	}
	fmt.Fprintln(w)
	t := newTable(w)
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
	if err := r.ratioTable(w); err != nil {
		return err
	}
	return r.faultTexts(w)
}

// proxyTable is a table for each kind of work, with a column for each target, and one of
// ratios.
func (r *Report) proxyTable(w io.Writer) error {
	fmt.Fprintf(w, "%d providers; each kind of work by all targets in turn. Ratios are pair by pair: median (least to most)\n", r.Rows)
	var works []string
	for _, c := range r.columns() {
		if !slices.Contains(works, c.name) {
			works = append(works, c.name)
		}
	}
	for _, work := range works {
		columns := slices.DeleteFunc(r.columns(), func(c column) bool { return c.name != work })
		lines, told := slices.Concat(requestLines(), latencyLines(), faultLines()), []string{"p50", "p90", "p99"}
		if first := r.of(columns[0].target, work)[0]; first.Closed {
			lines, told = slices.Concat(requestLines(), faultLines(), processLines()), []string{"throughput", "CPU", "added CPU"}
		}
		fmt.Fprintln(w)
		if err := r.phaseTable(w, work, columns, func(c column) string { return c.target }, lines); err != nil {
			return err
		}
		fmt.Fprintln(w)
		if err := r.ratioGrid(w, columns, told); err != nil {
			return err
		}
	}
	return r.faultTexts(w)
}

// ratioGrid has a line for each of our ways and measures, and a column for each of the
// others.
func (r *Report) ratioGrid(w io.Writer, columns []column, measures []string) error {
	t := newTable(w)
	var of, over []column
	for _, c := range columns {
		if c.target == ours || c.target == oursByBase {
			of = append(of, c)
		} else {
			over = append(over, c)
			fmt.Fprint(t, "\t/ ", c.target)
		}
	}
	fmt.Fprintln(t, "\t")
	for _, a := range of {
		for _, m := range measures {
			fmt.Fprintf(t, "%s of %s", m, a.target)
			for _, b := range over {
				fmt.Fprint(t, "\t", r.ratio(m, a, b))
			}
			fmt.Fprintln(t, "\t")
		}
	}
	return t.Flush()
}

// ratio is one as text.
func (r *Report) ratio(measure string, of, over column) string {
	for _, x := range r.Ratios {
		if x.Measure == measure && x.Of == of.String() && x.Over == over.String() {
			return fmt.Sprintf("%.2f (%.2f to %.2f)", middle(x.Pairs), slices.Min(x.Pairs), slices.Max(x.Pairs))
		}
	}
	return "-"
}

func newTable(w io.Writer) *tabwriter.Writer {
	return tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
}

func (r *Report) phaseTable(w io.Writer, corner string, columns []column, name func(column) string, lines []line) error {
	t := newTable(w)
	fmt.Fprint(t, corner)
	for _, c := range columns {
		fmt.Fprint(t, "\t", name(c))
	}
	fmt.Fprintln(t, "\t")
	for _, l := range lines {
		fmt.Fprint(t, l.name)
		for _, c := range columns {
			fmt.Fprint(t, "\t", l.of(r.of(c.target, c.name)))
		}
		fmt.Fprint(t, "\t\n")
	}
	return t.Flush()
}

func (r *Report) ratioTable(w io.Writer) error {
	if len(r.Ratios) == 0 {
		return nil
	}
	t := newTable(w)
	fmt.Fprintln(t, "ratio, pair by pair\tmedian\tleast\tmost\tpairs\t")
	for _, x := range r.Ratios {
		if len(x.Pairs) > 0 {
			fmt.Fprintf(t, "%s: %s / %s\t%.2f\t%.2f\t%.2f\t%d\t\n", x.Measure, x.Of, x.Over, middle(x.Pairs), slices.Min(x.Pairs), slices.Max(x.Pairs), len(x.Pairs))
		}
	}
	return t.Flush()
}

// faultTexts says in full what must not be.
func (r *Report) faultTexts(w io.Writer) error {
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
