package explore

import (
	"slices"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// load is a reload that went well.
func (w *watcher) load(rows []trace.ProviderLoaded) {
	if w.failed {
		w.met[markSource] = true
	}
	w.failed = false
	if len(rows) > 0 && !slices.ContainsFunc(rows, func(p trace.ProviderLoaded) bool { return p.Status != "error" }) {
		w.met[markAllInvalid] = true
	}
	for _, r := range w.asked {
		if !r.over && r.events > 0 {
			w.met[markReloadStream] = true
		}
	}
	for _, p := range rows {
		w.taken(p, rows)
	}
	w.follow(rows)
	w.live = rows
}

// taken looks at one new row beside the old ones.
func (w *watcher) taken(p trace.ProviderLoaded, rows []trace.ProviderLoaded) {
	before := w.owner(p.Host)
	if p.Routes() && before != nil && before.Name != p.Name && claims(rows, p.Host) > 1 && claims(w.live, p.Host) > 1 {
		w.met[markWinner] = true
	}
	for _, k := range p.Keys {
		if !w.cooling(k) {
			continue
		}
		if slices.Contains(w.gone, k) {
			w.met[markReadded] = true
		}
		for _, old := range w.live {
			if slices.Contains(old.Keys, k) && old.Name != p.Name {
				w.met[markRename] = true
			}
		}
	}
}

// follow keeps the keys that no row has any more.
func (w *watcher) follow(rows []trace.ProviderLoaded) {
	has := func(k string) bool {
		return slices.ContainsFunc(rows, func(p trace.ProviderLoaded) bool { return slices.Contains(p.Keys, k) })
	}
	for _, old := range w.live {
		w.gone = append(w.gone, old.Keys...)
	}
	w.gone = slices.DeleteFunc(w.gone, has)
}

func claims(rows []trace.ProviderLoaded, host string) int {
	n := 0
	for _, p := range rows {
		if p.Host == host && p.Status != "disabled" {
			n++
		}
	}
	return n
}

// overlaps reads off the drill what goes on beside a reload: one that was started
// while the source stalls or takes its time is under way until the source is set
// again, it is awaited or left.
func (w *watcher) overlaps(d *drill.Drill) {
	var underway []string
	waits := false
	for _, s := range d.Steps {
		switch op := s.Op.(type) {
		case drill.SourceOp:
			if waits = op.State.Stall || op.State.Slow > 0; op.State.Slow == 0 && !waits {
				underway = nil
			}
		case drill.AwaitOp:
			underway = slices.DeleteFunc(underway, func(n string) bool { return n == op.Name })
		case drill.CancelOp:
			underway = slices.DeleteFunc(underway, func(n string) bool { return n == op.Name })
		case drill.AdvanceOp:
			if !waits {
				underway = nil
			}
		case drill.StartOp:
			w.beside(op.Op, len(underway))
			if _, reloads := op.Op.(drill.ReloadOp); reloads && waits {
				underway = append(underway, op.Name)
			}
		default:
			w.beside(op, len(underway))
		}
	}
}

// beside notes what a step does while reloads are under way.
func (w *watcher) beside(op drill.Op, reloads int) {
	switch op.(type) {
	case drill.ReloadOp:
		w.met[markTwoReloads] = w.met[markTwoReloads] || reloads > 0
	case drill.ConnectOp, drill.RequestOp:
		w.met[markConnectReload] = w.met[markConnectReload] || reloads > 0
	}
}
