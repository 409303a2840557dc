package bench

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"golang.org/x/perf/benchmath"
)

// Compare writes what is different from an older report, and what is noise: medians with
// the Mann-Whitney U test over rounds, as benchstat does. "~" is noise; fewer than four
// rounds on each side can show nothing else.
func (r *Report) Compare(old *Report, w io.Writer) error {
	if r.Bench != old.Bench {
		return fmt.Errorf("%w: compare: one report is of bench %s, the other of bench %s", ErrOptions, old.Bench, r.Bench)
	}
	if old.Rows != r.Rows || old.Rate != r.Rate {
		fmt.Fprintf(w, "not alike: the old report is of %d providers at %d requests/s\n", old.Rows, old.Rate)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\told\tnew\tdifference\t\t")
	line := func(name string, before, after []float64) {
		if len(before) == 0 || len(after) == 0 {
			return
		}
		a := benchmath.NewSample(append([]float64(nil), before...), &benchmath.DefaultThresholds)
		b := benchmath.NewSample(append([]float64(nil), after...), &benchmath.DefaultThresholds)
		x, y := benchmath.AssumeNothing.Summary(a, 0.95), benchmath.AssumeNothing.Summary(b, 0.95)
		c := benchmath.AssumeNothing.Compare(a, b)
		fmt.Fprintf(t, "%s\t%.4g ± %s\t%.4g ± %s\t%s\t(%s)\t\n", name, x.Center, x.PctRangeString(), y.Center, y.PctRangeString(),
			c.FormatDelta(x.Center, y.Center), c)
	}
	for _, c := range r.columns() {
		for _, m := range measures(r.of(c.target, c.name)[0]) {
			var v [2][]float64
			for i, report := range []*Report{old, r} {
				for _, p := range report.of(c.target, c.name) {
					v[i] = append(v[i], m.of(p))
				}
			}
			line(c.String()+" "+m.name, v[0], v[1])
		}
	}
	for _, x := range r.Ratios {
		for _, y := range old.Ratios {
			if x.Measure == y.Measure && x.Of == y.Of && x.Over == y.Over {
				line(fmt.Sprintf("%s: %s / %s", x.Measure, x.Of, x.Over), y.Pairs, x.Pairs)
			}
		}
	}
	for _, x := range r.Reloads {
		for _, y := range old.Reloads {
			if x.Rows == y.Rows && x.Edit == y.Edit {
				line(fmt.Sprintf("reload µs, %d providers, %s", x.Rows, x.Edit), y.US, x.US)
			}
		}
	}
	for _, x := range r.Sims {
		for _, y := range old.Sims {
			if x.Work == y.Work && x.Workers == y.Workers && x.Runs == y.Runs {
				line("runs/s, "+x.String(), y.RunsPerSecond, x.RunsPerSecond)
				line("CPU ms / run, "+x.String(), y.CPUPerRun, x.CPUPerRun)
				line("virtual s / real s, "+x.String(), y.VirtualPerWall, x.VirtualPerWall)
			}
		}
	}
	r.compareFailover(old, line)
	return t.Flush()
}

// JSON writes the report.
func (r *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Read reads a report that JSON wrote.
func Read(from io.Reader) (*Report, error) {
	r := new(Report)
	if err := json.NewDecoder(from).Decode(r); err != nil {
		return nil, fmt.Errorf("bench: not a report: %w", err)
	}
	r.Bench = cmp.Or(r.Bench, benchReload) // once there was no other
	if titles[r.Bench] == "" {
		return nil, fmt.Errorf("bench: not a report of this version: bench %q", r.Bench)
	}
	return r, nil
}
