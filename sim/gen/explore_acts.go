package gen

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/model"
)

// explorer is what a writer keeps track of in an exploration.
type explorer struct {
	exploring bool
	gateway   Gateway // whom the story is for
	policy    model.Policy
	wild      bool // the model may lose itself
	over      bool // nothing can be added that the model foretells
	calm      bool // the quiet part: upstreams are well
	swarm     swarm
	used      map[string]time.Duration // when a tunnel was last used
	names     int                      // of started steps and of clients, so far
	underway  []string                 // steps that were started and that nobody has awaited
	faulty    bool                     // something was done to the network
}

// idleLimit is how long a tunnel may rest and be used again: gateways end those
// that rest for minutes.
const idleLimit = 100 * time.Second

func (w *writer) use(tunnel string) {
	if w.used == nil {
		w.used = map[string]time.Duration{}
	}
	w.used[tunnel] = w.world.Now()
}

// forgetIdle takes tunnels off the list that may be closed.
func (w *writer) forgetIdle() {
	if !w.exploring {
		return
	}
	w.tunnels = slices.DeleteFunc(slices.Clone(w.tunnels), func(name string) bool {
		return w.world.Now()-w.used[name] > idleLimit
	})
}

func (w *writer) newName(prefix string) string {
	w.names++
	return fmt.Sprintf("%s%d", prefix, w.names)
}

// sourceFails fails a reload, and most often the next one finds the source well.
func sourceFails(w *writer) {
	w.fail()
	if pick(w, "heals", true, true, false) {
		w.heal()
	}
}

// wiped takes every row away, and often gives back what was there.
func wiped(w *writer) {
	rows := w.rows()
	for range rows {
		w.do(drill.EditOp{Row: refTo(w.rows(), 0), Edit: drill.EditDelete})
	}
	w.reload()
	if pick(w, "all come back", true, false) {
		for _, row := range rows {
			w.do(drill.ProviderOp{Row: row})
		}
		w.reload()
	}
}

// spoiled makes every row wrong, and most often right again.
func spoiled(w *writer) {
	rows := w.rows()
	bad := pick(w, "bad url", badURLs()...)
	for i := range rows {
		w.do(drill.EditOp{Row: refTo(rows, i), Edit: drill.EditMove, Text: bad})
	}
	w.reload()
	if pick(w, "all are right again", true, true, false) {
		for i, row := range rows {
			w.do(drill.EditOp{Row: refTo(rows, i), Edit: drill.EditMove, Text: row.URL})
		}
		w.reload()
	}
}

// standsBack has a second row claim a row's host, and then the first one leave and
// come back behind it, in one reload.
func standsBack(w *writer) {
	rows := w.rows()
	if len(rows) == 0 {
		addRow(w)
		return
	}
	i := rapid.IntRange(0, len(rows)-1).Draw(w.t, "row")
	w.add(rows[i].Name+"-v2", rows[i].URL, 1)
	w.reload()
	w.do(drill.EditOp{Row: refTo(rows, i), Edit: drill.EditDelete})
	w.do(drill.ProviderOp{Row: rows[i]})
	w.reload()
	visit(w)
}

// comesBack takes a row away and gives it back, as it was or under another name.
func comesBack(w *writer) {
	rows := w.rows()
	if len(rows) == 0 {
		addRow(w)
		return
	}
	row := pick(w, "row", rows...)
	i := slices.IndexFunc(rows, func(r drill.Row) bool { return r.Name == row.Name })
	row = rows[i]
	w.do(drill.EditOp{Row: refTo(rows, i), Edit: drill.EditDelete})
	w.reload()
	if pick(w, "in between", false, true) {
		w.advance(10 * time.Second)
	}
	if pick(w, "renamed", false, false, true) {
		row.Name = pick(w, "new name", otherThan(row.Name, providerNames())...)
	}
	w.do(drill.ProviderOp{Row: row})
	w.reload()
	visit(w)
}

// overlap has reloads wait for a source that stalls, with edits between them. The
// source is well again before anybody waits for them.
func overlap(w *writer) {
	w.do(drill.SourceOp{State: drill.SourceState{Stall: true}})
	var names []string
	for range pick(w, "reloads", 1, 2, 3) {
		name := w.newName("r")
		w.do(drill.StartOp{Name: name, Op: drill.ReloadOp{}})
		names = append(names, name)
		choose(w, "meanwhile", change, visit, dial, addRow)
	}
	if pick(w, "leaves", false, true) {
		w.do(drill.CancelOp{Name: names[0]})
		names = names[1:]
	}
	end := drill.SourceState{}
	if pick(w, "dies", false, false, true) {
		end.Fail = "connection to the database was lost"
	}
	w.do(drill.SourceOp{State: end})
	for _, name := range names {
		w.do(drill.AwaitOp{Name: name})
	}
	if end.Fail != "" {
		w.heal()
	}
}

// ofOne sends two requests at the same time to one pool.
func ofOne(w *writer) {
	for _, host := range hostNames() {
		name, ok := w.world.Live(host)
		if !ok {
			continue
		}
		for _, row := range w.rows() {
			if row.Name == name && len(row.Keys) > 0 {
				w.together(host, name)
				return
			}
		}
	}
	visit(w)
}

// quiet is the last part of a story: everything heals, upstreams are well, every
// cooldown ends, and then requests are sent, which is where a gateway shows that
// it recovers.
func (w *writer) quiet() {
	w.calm = true
	if w.wild {
		w.settleDown()
	} else if w.over {
		return
	}
	w.do(drill.SourceOp{})
	w.reload()
	w.do(drill.AdvanceOp{By: 25 * time.Hour})
	w.do(drill.QuietOp{})
	for _, host := range hostNames() {
		if w.claimed(host) {
			w.request(host)
		}
	}
}

// healed is an operator who looks after a key.
func healed(w *writer) {
	var all []drill.HealOp
	for _, row := range w.rows() {
		if name, ok := w.world.Live(hostOf(row.URL)); ok && name == row.Name {
			for _, k := range row.Keys {
				all = append(all, drill.HealOp{Provider: row.Name, Key: k})
			}
		}
	}
	if len(all) == 0 || w.policy.NoHealing {
		visit(w)
		return
	}
	w.do(pick(w, "key to heal", all...))
	if w.over {
		return
	}
	visit(w)
}

func hostOf(base string) string {
	for _, host := range hostNames() {
		if base == baseURL(host) {
			return host
		}
	}
	return ""
}

// claimed reports whether a row has the host, right or wrong.
func (w *writer) claimed(host string) bool {
	return slices.ContainsFunc(w.rows(), func(r drill.Row) bool { return r.URL == baseURL(host) && !r.Disabled })
}

// settleDown ends all faults and everything that goes on.
func (w *writer) settleDown() {
	w.healNetwork()
	w.do(drill.SourceOp{})
	for _, host := range upstreamNames() {
		w.do(drill.ReleaseOp{Host: host})
		w.script(host)
	}
	for len(w.underway) > 0 {
		w.awaitFirst()
	}
}
