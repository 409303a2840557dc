package explore_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/explore"
)

// recovering is a gateway that knows no settings and forgives every key after a while.
type recovering struct{ sim.Gateway }

func (r recovering) Start(ctx context.Context, env sim.Env) error {
	env.Settings.Policy = drill.PolicyRecovering
	return r.Gateway.Start(ctx, env)
}

// declaring says so.
type declaring struct{ recovering }

func (declaring) Declare() sim.Intent {
	return sim.IntentOf(drill.Settings{Policy: drill.PolicyRecovering})
}

// Who lets nobody look inside is not found wrong for that.
func TestStrangersRaiseNoAlarm(t *testing.T) {
	explore.Explore(t, stranger{sim.Reference()}, explore.Options{Runs: 40})
}

// Who decides otherwise on purpose is judged by what it declares, by the checks, by the
// model, and by the stories that are drawn for it; who does not declare it is wrong.
func TestDeclaredPolicyIsFollowed(t *testing.T) {
	o := explore.Options{Runs: 40, Settings: func(drill.Settings) drill.Settings { return drill.Settings{} }}
	_, found := explore.Search(t, declaring{recovering{sim.Reference()}}, o)
	for _, f := range found {
		t.Errorf("%s\n%s", f, f.Drill)
	}

	o.Most = 1
	tally, found := explore.Search(t, recovering{sim.Reference()}, o)
	assert.Len(t, found, 1, "in %d runs", tally.Runs)
}
