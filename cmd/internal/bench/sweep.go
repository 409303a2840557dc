package bench

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/gatedrill/gatedrill/proxy"
)

// sweepTimes is how often each reload of the sweep is timed.
const sweepTimes = 7

// sweep times reloads without load, by the number of providers.
func sweep(ctx context.Context, o Options, r *Report, w io.Writer) error {
	ca, err := proxy.NewCA(nil)
	if err != nil {
		return err
	}
	for _, n := range o.Sweep {
		fmt.Fprintf(w, "reloads of %d providers\n", n)
		b := newBook(n, newLedger())
		full, none, one := ReloadTime{Rows: n, Edit: "full build"}, ReloadTime{Rows: n, Edit: "nothing"}, ReloadTime{Rows: n, Edit: "one row"}
		var g gateway
		for range sweepTimes {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			g = gateway{source: &source{rows: b.rows}}
			if g.server, err = proxy.New(proxy.Config{CA: ca, Source: g.source}); err != nil {
				return err
			}
			if err := full.time(ctx, &g); err != nil {
				return err
			}
		}
		for i := range sweepTimes {
			if err := none.time(ctx, &g); err != nil {
				return err
			}
			rows := append([]proxy.Provider(nil), b.rows...)
			rows[i*n/sweepTimes].Keys = []string{fmt.Sprint("sk-other-", i)}
			b.rows = rows
			g.source.set(rows, 0, false)
			if err := one.time(ctx, &g); err != nil {
				return err
			}
		}
		r.Reloads = append(r.Reloads, full, none, one)
	}
	return nil
}

// time times one reload, with the garbage of what was before out of the way.
func (t *ReloadTime) time(ctx context.Context, g *gateway) error {
	runtime.GC()
	_, took, err := g.reload(ctx)
	t.US = append(t.US, micros(took))
	return err
}

// Median is the middle of the times.
func (t ReloadTime) Median() time.Duration {
	return time.Duration(middle(t.US) * 1e3)
}
