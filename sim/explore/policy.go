package explore

import (
	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/model"
)

// policyOf is what a gateway does with keys in a run of these settings: what it
// declares, else what they ask for.
func policyOf(g sim.Gateway, s drill.Settings) model.Policy {
	p := model.PolicyOf(s)
	if declarer, ok := g.(sim.Declarer); ok {
		i := declarer.Declare()
		p = model.Policy{
			Cooldown: i.Cooldown, Disable: i.Disable, Codes: i.Codes,
			MaxCooldown: i.MaxCooldown, MaxReplay: drill.Size(i.MaxReplayBytes), Exact: i.Exact,
		}
	}
	p.NoHealing = !heals(g)
	return p
}

func heals(g sim.Gateway) bool {
	_, ok := g.(sim.Healer)
	return ok
}
