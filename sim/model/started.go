package model

import (
	"context"
	"slices"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// waitingReload is one that was started, and that a source that stalls holds up.
// One at a time asks the source: the first.
type waitingReload struct {
	name string
	rows []drill.Row // when the source was asked; of the first only
}

// Start implements drill.World. It foretells reloads, which end at once or when a
// source that stalls is through with that.
func (m *Model) Start(_ context.Context, name string, op drill.Op) error {
	if _, ok := op.(drill.ReloadOp); !ok || m.source.Slow > 0 {
		m.lose("the model foretells no step that goes on while others run")
		return nil
	}
	if !m.source.Stall {
		m.reload(m.rows.All())
		m.ended[name] = true
		return nil
	}
	m.waiting = append(m.waiting, &waitingReload{name: name, rows: m.rows.All()})
	return nil
}

// goOnReloading ends the reloads that wait. All but the first ask the source only
// now.
func (m *Model) goOnReloading() {
	if len(m.waiting) > 0 && m.source.Slow > 0 {
		m.lose("the model foretells no step that goes on while others run")
	}
	for i, r := range m.waiting {
		if i > 0 {
			r.rows = m.rows.All()
		}
		m.reload(r.rows)
		m.ended[r.name] = true
	}
	m.waiting = nil
}

// Await implements drill.World.
func (m *Model) Await(_ context.Context, name string) error {
	if !m.ended[name] {
		m.lose("nobody knows how long a reload waits for a source that stalls")
		return nil
	}
	delete(m.ended, name)
	m.see(trace.StepEnded{Name: name, Before: true})
	return nil
}

// Cancel implements drill.World. The reload behind the one that leaves asks the
// source at that moment.
func (m *Model) Cancel(_ context.Context, name string) error {
	if m.ended[name] {
		return m.Await(context.Background(), name)
	}
	i := slices.IndexFunc(m.waiting, func(r *waitingReload) bool { return r.name == name })
	if i < 0 {
		return nil
	}
	m.waiting = slices.Delete(m.waiting, i, i+1)
	if i == 0 && len(m.waiting) > 0 {
		m.waiting[0].rows = m.rows.All()
	}
	m.see(trace.ReloadFailed{Err: refreshFailed + "cancelled", Snapshot: "the same snapshot"})
	return nil
}
