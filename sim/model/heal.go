package model

import (
	"context"
	"slices"

	"github.com/gatedrill/gatedrill/sim/trace"
)

// Heal implements drill.World: an operator's word takes every mark off a key.
func (m *Model) Heal(_ context.Context, provider, alias string) error {
	if m.policy.NoHealing {
		m.see(trace.KeyHealed{Provider: provider, Key: alias, State: trace.Unobserved})
		return nil
	}
	var k *key
	if p := m.live.named(provider); p != nil {
		if n := slices.IndexFunc(p.keys, func(k *key) bool { return k.alias == alias }); n >= 0 {
			k = p.keys[n]
		}
	}
	if k == nil {
		m.see(trace.KeyHealed{Provider: provider, Key: alias, State: trace.NotLive})
		return nil
	}
	state := "needed no healing"
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

// Quiet implements drill.World.
func (m *Model) Quiet(context.Context) error { return nil }
