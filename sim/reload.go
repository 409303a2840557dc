package sim

import (
	"context"
	"strings"
	"sync"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// reloadCount numbers reloads.
type reloadCount struct {
	mu sync.Mutex
	n  int
}

// begin notes one more. Two that begin at one instant are noted in the order of their
// numbers, whoever comes first: a trace must not tell them apart.
func (c *reloadCount) begin(log *trace.Log) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	log.Observe(trace.ReloadBegan{Reload: c.n})
	return c.n
}

// Reload implements drill.World.
func (w *World) Reload(ctx context.Context) error {
	inspector, _ := w.gateway.(Inspector)
	var before any
	if inspector != nil {
		before = inspector.Snapshot()
	}
	number := w.reloads.begin(w.log)
	told := &answered{rows: w.source.rows.All()} // unless the source is seen to say otherwise
	if err := w.gateway.Reload(context.WithValue(ctx, answeredKey{}, told)); err != nil {
		live := trace.Unobserved
		if inspector != nil {
			live = "another snapshot"
			if inspector.Snapshot() == before {
				live = "the same snapshot"
			}
		}
		w.log.Observe(trace.ReloadFailed{Err: err.Error(), Snapshot: live, Excused: told.failed || ctx.Err() != nil, Reload: number})
		return nil
	}
	w.observeRows(inspector, told.rows, number)
	return nil
}

func (w *World) observeRows(inspector Inspector, rows []drill.Row, number int) {
	if len(rows) == 0 {
		w.log.Observe(trace.Reloaded{Rows: "no providers", Reload: number})
		return
	}
	for i, row := range rows {
		fact := trace.ProviderLoaded{
			Name: row.Name, Type: row.Type, Host: hostOfURL(row.URL), Keys: row.Keys, Status: trace.Unobserved,
			URL: row.URL, Off: row.Disabled, Empty: row.HasKeys && len(row.Keys) == 0, Reload: number,
		}
		if inspector != nil {
			if live := inspector.Providers(); i < len(live) {
				fact.Status, fact.Reason = string(live[i].Status), live[i].Reason
			}
		}
		w.log.Observe(fact)
	}
}

// hostOfURL is the host that a row claims, as far as a person would see one.
func hostOfURL(url string) string {
	_, rest, ok := strings.Cut(strings.TrimSpace(url), "://")
	if !ok {
		return ""
	}
	rest, _, _ = strings.Cut(rest, "/")
	host, _, _ := strings.Cut(rest, ":")
	return strings.ToLower(host)
}
