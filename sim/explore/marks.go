package explore

import (
	"slices"
	"time"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// The dangers that an exploration has to have been in.
const (
	markExhausted     = "all keys exhausted"
	markMixed         = "exhausted with a mix of cooling and disabled"
	markReloadStream  = "a reload during a stream"
	markOutlived      = "a tunnel that outlived its route"
	markRename        = "rename while cooling"
	markReadded       = "a key re-added within its cooldown"
	markWinner        = "a duplicate host that changes winner"
	markSource        = "source failing, then healing"
	markAllInvalid    = "every row invalid"
	markNoHint        = "429 without a hint"
	markDate          = "HTTP-date hint"
	markGoneBetween   = "client gone between two attempts"
	markResetEarly    = "reset before the status line"
	markResetStream   = "reset after the first event"
	markLarge         = "body larger than the replay limit"
	markOwnKey        = "BYOK on a pool whose keys are all cooling"
	markTwoReloads    = "two reloads at once"
	markConnectReload = "a CONNECT during a reload"
)

// Marks lists the dangers, in the order of the table.
func Marks() []string {
	return []string{
		markExhausted, markMixed, markReloadStream, markOutlived, markRename, markReadded, markWinner, markSource, markAllInvalid,
		markNoHint, markDate, markGoneBetween, markResetEarly, markResetStream, markLarge, markOwnKey, markTwoReloads, markConnectReload,
	}
}

// reached lists the marks of a run. It reads what the witnesses saw and what the
// drill did, and asks no gateway.
func reached(d *drill.Drill, seen []trace.Observation) []string {
	w := &watcher{settings: d.Settings(), met: map[string]bool{}, cools: map[string]time.Duration{}, last: map[string]int{},
		asked: map[string]*asked{}, tunnels: map[string]trace.TunnelOpened{}}
	inTime := slices.Clone(seen)
	slices.SortStableFunc(inTime, func(a, b trace.Observation) int { return int(a.At - b.At) })
	for i := 0; i < len(inTime); i++ {
		o := inTime[i]
		w.at = o.At
		if !isLoad(o.Fact) {
			w.see(o.Fact)
			continue
		}
		var rows []trace.ProviderLoaded
		for ; i < len(inTime) && isLoad(inTime[i].Fact) && inTime[i].Step == o.Step; i++ {
			if row, ok := inTime[i].Fact.(trace.ProviderLoaded); ok {
				if len(rows) > 0 && slices.ContainsFunc(rows, func(r trace.ProviderLoaded) bool { return sameRow(r, row) }) {
					break // another reload at the same moment
				}
				rows = append(rows, row)
			}
		}
		i--
		w.load(rows)
	}
	w.overlaps(d)
	return slices.DeleteFunc(Marks(), func(m string) bool { return !w.met[m] })
}

func isLoad(f trace.Fact) bool {
	switch f.(type) {
	case trace.ProviderLoaded, trace.Reloaded:
		return true
	}
	return false
}

func sameRow(a, b trace.ProviderLoaded) bool {
	return a.Name == b.Name && a.Host == b.Host && slices.Equal(a.Keys, b.Keys)
}

// watcher follows one run from fact to fact.
type watcher struct {
	settings drill.Settings
	met      map[string]bool
	at       time.Duration
	live     []trace.ProviderLoaded
	gone     []string                 // keys that were in a row, and that the latest rows do not have
	cools    map[string]time.Duration // keys, and when they have rested enough
	last     map[string]int           // keys, and the status that refused them last
	asked    map[string]*asked        // requests by their marks
	tunnels  map[string]trace.TunnelOpened
	failed   bool // the last reload
}

// asked is a request under way.
type asked struct {
	sent     trace.RequestSent
	attempts []trace.UpstreamGot
	ended    bool // the last attempt's answer is whole
	events   int
	over     bool
}

func (w *watcher) see(f trace.Fact) {
	switch f := f.(type) {
	case trace.ReloadFailed:
		w.failed = true
	case trace.TunnelOpened:
		w.tunnels[f.Client] = f
	case trace.RequestSent:
		w.asked[f.ID] = &asked{sent: f}
		w.sent(f)
	case trace.UpstreamGot:
		w.got(f)
	case trace.UpstreamEnded:
		w.ended(f)
	case trace.ClientGotEvent:
		if r := w.asked[f.ID]; r != nil {
			r.events++
		}
	case trace.ClientLeft:
		if r := w.asked[f.ID]; r != nil {
			w.left(r)
		}
	case trace.ClientGot:
		if r := w.asked[f.ID]; r != nil {
			w.answered(r, f)
		}
	}
}

// owner is the live row of a host; nil: nobody has it.
func (w *watcher) owner(host string) *trace.ProviderLoaded {
	for i, p := range w.live {
		if p.Routes() && p.Host == host {
			return &w.live[i]
		}
	}
	return nil
}

func (w *watcher) cooling(key string) bool { return w.cools[key] > w.at }

func (w *watcher) sent(f trace.RequestSent) {
	if limit := int(w.settings.Replay); limit > 0 && len(f.Body.Bytes) > limit {
		w.met[markLarge] = true
	}
	p := w.owner(f.Host)
	if t, ok := w.tunnels[f.Client]; ok && t.Intercepted && !t.Passing && t.Provider != trace.Unobserved && (p == nil || p.Name != t.Provider) {
		w.met[markOutlived] = true
	}
	if f.OwnKey != "" && p != nil && len(p.Keys) > 0 && !slices.ContainsFunc(p.Keys, func(k string) bool { return !w.cooling(k) }) {
		w.met[markOwnKey] = true
	}
}
