package model

import (
	"context"
	"slices"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// refreshFailed is how the error of a failed reload begins.
const refreshFailed = "proxy: refresh ai providers for proxy routing: "

// Reload implements drill.World.
func (m *Model) Reload(context.Context) error {
	if m.source.Stall || len(m.waiting) > 0 {
		m.lose("nobody knows how long a reload waits for a source that stalls")
		return nil
	}
	m.now += m.source.Slow
	m.reload(m.rows.All())
	return nil
}

// reload is the source's answer to one, with these rows.
func (m *Model) reload(rows []drill.Row) {
	if m.source.Fail != "" {
		m.see(trace.ReloadFailed{Err: refreshFailed + m.source.Fail, Snapshot: "the same snapshot"})
		return
	}
	next := classify(rows)
	m.succeed(next)
	m.live.goesOn(next)
	m.live = next
	if len(next) == 0 {
		m.see(trace.Reloaded{Rows: "no providers"})
	}
	for _, p := range next {
		m.see(trace.ProviderLoaded{
			Name: p.row.Name, Type: p.row.Type, Host: p.host, Keys: p.row.Keys, Status: p.status, Reason: p.reason,
		})
	}
}

// keptKey is a cooldown whose row is gone, and may come back.
type keptKey struct {
	name, host string
	key        *key
}

// succeed hands the states of the live snapshot's keys to the rows of the next.
// Rows that are in service choose first, and those that are switched off take
// what is left: a mark must not go to a row that sends nothing while one that
// does starts anew.
func (m *Model) succeed(next snapshot) {
	heirs := map[*key]*provider{}
	for _, status := range []string{enabled, disabled} {
		for _, p := range next {
			if p.status != status {
				continue
			}
			for i := range p.keys {
				p.keys[i] = m.inherited(p, p.row.Keys[i], heirs)
				heirs[p.keys[i]] = p
			}
		}
	}
	m.kept = slices.DeleteFunc(m.kept, func(k keptKey) bool { return heirs[k.key] != nil || !k.key.cools(m.now) })
	for _, old := range m.live {
		for _, k := range old.keys {
			switch heir := heirs[k]; {
			case heir == nil:
				m.keep(old, k)
			case heir.row.URL != old.row.URL:
				k.refused = 0 // it may have been the wrong address that refused it
			}
		}
	}
}

// inherited is the state that a row's key has from before: from the row of its
// name, else of its host, else from one that went while the key was cooling.
func (m *Model) inherited(p *provider, alias string, heirs map[*key]*provider) *key {
	from := []*provider{m.live.named(p.row.Name), m.live.owner(p.host)}
	for _, old := range m.live {
		if old.status == disabled && old.host == p.host && p.host != "" {
			from = append(from, old)
		}
	}
	for _, old := range from {
		if old == nil {
			continue
		}
		for _, k := range old.keys {
			if k.alias == alias && heirs[k] == nil {
				return k
			}
		}
	}
	for _, k := range m.kept {
		if k.name == p.row.Name && k.host == p.host && k.key.alias == alias && heirs[k.key] == nil && k.key.cools(m.now) {
			return k.key
		}
	}
	return &key{alias: alias}
}

// keep remembers a cooldown that has no heir; of two in one place the longer one.
func (m *Model) keep(p *provider, k *key) {
	if !k.cools(m.now) {
		return
	}
	for i, other := range m.kept {
		if other.name != p.row.Name || other.host != p.host || other.key.alias != k.alias {
			continue
		}
		if k.until >= other.key.until {
			m.kept[i].key = k
		}
		return
	}
	m.kept = append(m.kept, keptKey{name: p.row.Name, host: p.host, key: k})
}
