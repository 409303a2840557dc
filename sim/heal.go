package sim

import (
	"context"
	"slices"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// Healer is a gateway whose operators can heal keys. Where there is none, a drill's
// heal reads "(not observed)", and does nothing.
type Healer interface {
	// Heal makes the n-th key, from 1, of a provider available at once, whether it is
	// disabled or cooling. It reports whether there was anything to heal. A world
	// calls it while the gateway serves.
	Heal(ctx context.Context, provider string, n int) (changed bool, err error)
}

// Heal implements drill.World. Gateways know keys by their position, which is that of
// the alias in the live row: the source's may have been edited since.
func (w *World) Heal(ctx context.Context, provider, alias string) error {
	n := slices.Index(keysOf(w.live.all(), provider), alias) + 1
	healed := trace.KeyHealed{Provider: provider, Key: alias, State: trace.Unobserved}
	if healer, ok := w.gateway.(Healer); ok && n == 0 {
		healed.State = trace.NotLive
	} else if ok {
		switch changed, err := healer.Heal(ctx, provider, n); {
		case err != nil:
			healed.State = "was not healed: " + err.Error()
		case changed:
			healed.State = trace.Healed
		default:
			healed.State = "needed no healing"
		}
	}
	w.log.Observe(healed)
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
func (w *World) Quiet(context.Context) error {
	w.log.Observe(trace.Quiet{})
	return nil
}

// Heal implements Healer.
func (r *reference) Heal(_ context.Context, provider string, n int) (bool, error) {
	return r.server.EnableKey(provider, n)
}
