package bench

import "fmt"

// line is one line of the table of phases.
type line struct {
	name string
	of   func([]Phase) string
}

func number(name, format string, f func(Phase) float64) line {
	return line{name, func(all []Phase) string { return fmt.Sprintf(format, middleOf(all, f)) }}
}

func sum(name string, f func(Phase) int) line {
	return line{name, func(all []Phase) string {
		n := 0
		for _, p := range all {
			n += f(p)
		}
		return fmt.Sprint(n)
	}}
}

// here is a number of this process, of which a target elsewhere is no part.
func here(name, format string, f func(Phase) float64) line {
	l := number(name, format, f)
	return line{name, func(all []Phase) string {
		if all[0].Elsewhere {
			return "elsewhere"
		}
		return l.of(all)
	}}
}

// beyond is what is added to direct's; direct itself has none.
func beyond(l line) line {
	return line{l.name, func(all []Phase) string {
		if all[0].Added == nil {
			return "-"
		}
		return l.of(all)
	}}
}

func requestLines() []line {
	return []line{
		sum("requests", func(p Phase) int { return p.Requests }),
		number("answered 200 /s", "%.1f", func(p Phase) float64 { return p.Throughput }),
	}
}

func latencyLines() (lines []line) {
	for _, q := range quantiles {
		lines = append(lines, number(q.name+" µs", "%.0f", func(p Phase) float64 { return q.of(p.Latency["all"]) }))
	}
	return append(lines,
		beyond(number("added to direct, p50 µs", "%.0f", func(p Phase) float64 { return p.Added.P50 })),
		beyond(number("added to direct, p90 µs", "%.0f", func(p Phase) float64 { return p.Added.P90 })),
		beyond(number("added to direct, p99 µs", "%.0f", func(p Phase) float64 { return p.Added.P99 })))
}

func kindLines() []line {
	return []line{
		number("warm p50 µs", "%.0f", func(p Phase) float64 { return p.Latency["warm"].P50 }),
		number("fresh p50 µs", "%.0f", func(p Phase) float64 { return p.Latency["fresh"].P50 }),
		number("stream p50 µs", "%.0f", func(p Phase) float64 { return p.Latency["stream"].P50 }),
	}
}

func faultLines() []line {
	return []line{
		sum("misrouted", func(p Phase) int { return total(p.Misrouted) }),
		sum("errors", func(p Phase) int { return total(p.Errors) }),
		sum("dropped streams", func(p Phase) int { return p.Dropped }),
	}
}

func reloadLines() []line {
	return []line{
		sum("turned away by an edit", func(p Phase) int { return p.TurnedAway }),
		sum("reloads", func(p Phase) int { return p.Reloads.Done }),
		sum("reloads whose source failed", func(p Phase) int { return p.Reloads.Failed }),
		number("reload p50 µs", "%.0f", func(p Phase) float64 { return p.Reloads.P50 }),
		number("reload max µs", "%.0f", func(p Phase) float64 { return p.Reloads.Max }),
		number("reading the source, p50 µs", "%.0f", func(p Phase) float64 { return p.Reloads.ReadP50 }),
		number("reading the source, max µs", "%.0f", func(p Phase) float64 { return p.Reloads.ReadMax }),
	}
}

func processLines() []line {
	return []line{
		here("CPU / request µs", "%.0f", func(p Phase) float64 { return p.Process.CPUPerRequest }),
		beyond(here("added to direct, CPU µs", "%.0f", func(p Phase) float64 { return p.Added.CPU })),
		here("allocations / request", "%.0f", func(p Phase) float64 { return p.Process.AllocsPerRequest }),
		here("bytes / request", "%.0f", func(p Phase) float64 { return p.Process.BytesPerRequest }),
		here("heap MiB", "%.0f", func(p Phase) float64 { return p.Process.HeapMiB }),
		here("goroutines", "%.0f", func(p Phase) float64 { return float64(p.Process.Goroutines) }),
		here("garbage collections", "%.0f", func(p Phase) float64 { return float64(p.Process.GCs) }),
		here("GC pauses, longest µs", "%.0f", func(p Phase) float64 { return p.Process.GCPauseMax }),
		here("GC pauses, together µs", "%.0f", func(p Phase) float64 { return p.Process.GCPauseTotal }),
	}
}

func middleOf(all []Phase, f func(Phase) float64) float64 {
	var v []float64
	for _, p := range all {
		v = append(v, f(p))
	}
	return middle(v)
}
