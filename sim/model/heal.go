package model

import (
	"context"
	"slices"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// Heal implements drill.World: an operator's word takes every mark off a key.
func (m *Model) Heal(_ context.Context, provider, alias string) error {
	n := slices.Index(keysOf(m.rows.All(), provider), alias)
	p := m.live.named(provider)
	if p == nil || n < 0 || n >= len(p.keys) || p.keys[n].alias != alias {
		m.lose("the row of %s has other keys than the live provider", provider)
		return nil
	}
	k, state := p.keys[n], "needed no healing"
	least, most := k.left(m.now, nil)
	switch {
	case k.refused != 0, k.until != 0 && least > 0:
		state = trace.Healed
		k.refused, k.until, k.limit, k.since, k.by = 0, 0, 0, 0, nil
	case k.until != 0 && most > 0:
		m.lose("it depends on the blur whether %s is cooling", alias)
		return nil
	}
	m.see(trace.KeyHealed{Provider: provider, Key: alias, State: state})
	return nil
}

// keysOf are the aliases of the first row of the name that has any.
func keysOf(rows []drill.Row, provider string) []string {
	for _, row := range rows {
		if row.Name == provider && row.HasKeys {
			return row.Keys
		}
	}
	return nil
}

// Quiet implements drill.World.
func (m *Model) Quiet(context.Context) error { return nil }
