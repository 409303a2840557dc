package bench

import (
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strings"
)

const style = `body{font:15px/1.5 system-ui,sans-serif;max-width:900px;margin:2em auto;padding:0 1em}
pre{overflow-x:auto;font-size:12px}svg{width:100%;height:auto;margin:1em 0}
@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}}`

// titles are what reports are about.
var titles = map[string]string{
	benchFailover: "What it costs to go from key to key",
	benchReload:   "What a reload costs the traffic in flight",
	benchProxy:    "What a gateway adds to a request",
	benchSim:      "How fast drills are played",
}

// HTML writes the report as one page that needs nothing else.
func (r *Report) HTML(w io.Writer) error {
	var table strings.Builder
	if err := r.Table(&table); err != nil {
		return err
	}
	return writePage(w, "gatedrill bench "+r.Bench, titles[r.Bench], fmt.Sprintf("Preset %s, %s.", r.Preset, r.At.Format("2006-01-02 15:04 MST")), r.Plots(), table.String())
}

func writePage(w io.Writer, name, title, about string, plots []string, table string) error {
	_, err := fmt.Fprintf(w, "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>%s</title>\n<style>%s</style>\n"+
		"<h1>%s</h1>\n<p>%s</p>\n%s<pre>%s</pre>\n</html>\n",
		html.EscapeString(name), style, html.EscapeString(title), html.EscapeString(about), strings.Join(plots, ""), html.EscapeString(table))
	return err
}

// Plots are the pictures of the report, in SVG. Of reload: latency by percentile, latency
// over time with the instants of reloads, and the time of a reload over the number of
// providers. Of proxy: latency by percentile of each kind of work, and throughput by
// round. Of sim: runs per second by round. Of failover: the cost by the number of keys, and
// a herd's attempts by round.
func (r *Report) Plots() (all []string) {
	switch r.Bench {
	case benchProxy:
		return r.proxyPlots()
	case benchSim:
		return []string{r.simRounds().svg()}
	case benchFailover:
		return r.failoverPlots()
	}
	all = append(all, r.percentiles("Latency by percentile, last round", r.columns(), column.String).svg())
	for _, p := range r.over() {
		all = append(all, p.svg())
	}
	if len(r.Reloads) > 0 {
		all = append(all, r.reloadTimes().svg())
	}
	return all
}

// proxyPlots are one of each kind of work.
func (r *Report) proxyPlots() (all []string) {
	name := func(c column) string { return c.target }
	for _, c := range r.columns() {
		if c.target != ours {
			continue
		}
		same := slices.DeleteFunc(r.columns(), func(x column) bool { return x.name != c.name })
		if !r.of(c.target, c.name)[0].Closed {
			all = append(all, r.percentiles("Latency by percentile, "+c.name+", last round", same, name).svg())
			continue
		}
		p := plot{title: "Answers per second, " + c.name, x: "round", y: "answers/s"}
		for _, x := range same {
			line := curve{name: name(x)}
			for _, phase := range r.of(x.target, x.name) {
				line.points = append(line.points, [2]float64{float64(phase.Round + 1), phase.Throughput})
			}
			p.lines = append(p.lines, line)
		}
		all = append(all, p.svg())
	}
	return all
}

// percentiles is the distribution of the last round; the x axis is 1/(1-q), so that each
// nine takes the same room.
func (r *Report) percentiles(title string, columns []column, name func(column) string) plot {
	p := plot{title: title, x: "percentile", y: "µs", logX: true, logY: true, name: func(v float64) string {
		return fmt.Sprintf("%g%%", math.Round((100-100/v)*1e6)/1e6)
	}}
	for _, c := range columns {
		last := r.of(c.target, c.name)
		curve := curve{name: name(c)}
		for _, at := range last[len(last)-1].Latency["all"].ByPercentile {
			if at[0] < 100 {
				curve.points = append(curve.points, [2]float64{100 / (100 - at[0]), at[1]})
			}
		}
		p.lines = append(p.lines, curve)
	}
	return p
}

// over are our own phases of the last round.
func (r *Report) over() (all []plot) {
	for _, c := range r.columns() {
		if c.target != ours {
			continue
		}
		phases := r.of(c.target, c.name)
		last := phases[len(phases)-1]
		p := plot{title: fmt.Sprintf("Latency over time, %s, last round; reloads marked", c.name), x: "s", y: "µs", logY: true, marks: last.Reloads.At}
		median, most := curve{name: "p50 of 100 ms"}, curve{name: "max of 100 ms"}
		for _, t := range last.Curve {
			median.points = append(median.points, [2]float64{t.At, t.P50})
			most.points = append(most.points, [2]float64{t.At, t.Max})
		}
		p.lines = []curve{median, most}
		all = append(all, p)
	}
	return all
}

func (r *Report) reloadTimes() plot {
	p := plot{title: "Reload, from rows in memory to live", x: "providers", y: "µs", logX: true, logY: true}
	for _, edit := range []string{"full build", "one row", "nothing"} {
		c := curve{name: edit}
		for _, t := range r.Reloads {
			if t.Edit == edit {
				c.points = append(c.points, [2]float64{float64(t.Rows), micros(t.Median())})
			}
		}
		p.lines = append(p.lines, c)
	}
	return p
}
