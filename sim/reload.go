package sim

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/gatedrill/gatedrill/proxy"
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

// liveRows are the rows that the gateway serves by: those of the last reload that was
// good, whatever the source has come to say since.
type liveRows struct {
	mu   sync.Mutex
	rows []drill.Row
	at   time.Duration
	from int // the number of that reload
}

// put takes the rows of a good reload. Of two that end at one instant the later one
// counts, whoever comes first.
func (l *liveRows) put(rows []drill.Row, at time.Duration, number int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at > l.at || number > l.from {
		l.rows, l.at, l.from = rows, at, number
	}
}

func (l *liveRows) all() []drill.Row {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rows
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
	w.live.put(w.observeRows(inspector, told.rows, number), w.since(), number)
	return nil
}

// observeRows tells what became of each row, and returns those that are not in error.
func (w *World) observeRows(inspector Inspector, rows []drill.Row, number int) (served []drill.Row) {
	if len(rows) == 0 {
		w.log.Observe(trace.Reloaded{Rows: "no providers", Reload: number})
		return nil
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
		if fact.Status != string(proxy.StatusError) {
			served = append(served, row)
		}
		w.log.Observe(fact)
	}
	return served
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
