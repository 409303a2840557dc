package bench_test

import (
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strconv"
	"testing"
	"text/tabwriter"
)

var (
	tunnels = flag.Int("tunnels", 5000, "how many tunnels rest when their memory is measured; each takes two file descriptors")
	only    = flag.String("only", "", "the gateways to run, with commas between them, such as one of which a profile is wanted; empty: all")
)

// table is what the benchmarks of this run have found.
var table results

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	table.print(os.Stdout)
	os.Exit(code)
}

// results are the rows of the table that is printed at the end of a run.
type results struct{ rows []tableRow }

// tableRow is one measure of one kind of work, by gateway. ratios are ours to theirs.
type tableRow struct {
	work, measure  string
	rounds         int
	gateways       []string
	values, ratios []float64
}

func (r *results) add(row tableRow) { r.rows = append(r.rows, row) }

// print writes nothing when nothing was measured.
func (r *results) print(out io.Writer) {
	if len(r.rows) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s, %s/%s, %d cores. Medians; × is gatedrill's of the other's, the median of paired rounds.\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	work := ""
	for _, row := range r.rows {
		if row.work != work {
			if work = row.work; r.rows[0].work != work {
				fmt.Fprintln(w, "\t")
			}
			fmt.Fprintf(w, "%s, %d rounds\t", work, row.rounds)
			for i, name := range row.gateways {
				fmt.Fprintf(w, "%s\t", name)
				if i > 0 {
					fmt.Fprint(w, "×\t")
				}
			}
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s\t", row.measure)
		for i, v := range row.values {
			fmt.Fprintf(w, "%s\t", digits(v))
			if i > 0 {
				fmt.Fprintf(w, "%s\t", times(row.ratios[i]))
			}
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush()
}

// times is a ratio, where there is one.
func times(ratio float64) string {
	if math.IsNaN(ratio) || math.IsInf(ratio, 0) {
		return "-"
	}
	return strconv.FormatFloat(ratio, 'f', 2, 64)
}

// digits shows three digits that count, and the whole number in any case.
func digits(v float64) string {
	switch {
	case v < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
}
