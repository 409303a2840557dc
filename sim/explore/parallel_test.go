package explore_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/explore"
)

// dealer hands keys out in turn, whatever it is told.
type dealer struct{ sim.Gateway }

func (d dealer) Start(ctx context.Context, env sim.Env) error {
	env.Settings.Strategy = drill.StrategyRoundRobin
	return d.Gateway.Start(ctx, env)
}

const atOnce = `provider alpha openai https://alpha.invalid/v1 keys k0 k1
upstream alpha.invalid
  key k0: 200, then 500, then 404
  key k1: 200, then 500, then 404
reload
parallel
  request POST https://alpha.invalid/v1/chat/completions as c1
  request POST https://alpha.invalid/v1/chat/completions as c2
  reload
request POST https://alpha.invalid/v1/chat/completions
`

// Who of two gets which answer is up to the seed; that both come of one key is not.
func TestParallelStepsAreJudged(t *testing.T) {
	d, err := drill.Parse("at-once.drill", []byte(atOnce))
	require.NoError(t, err)
	for seed := range uint64(20) {
		r := explore.Again(t, sim.Reference(), d, seed+1)
		assert.Empty(t, r.Broken)
		assert.Empty(t, r.Failures, "seed %d", seed+1)
		r = explore.Again(t, dealer{sim.Reference()}, d, seed+1)
		if assert.NotEmpty(t, r.Failures, "seed %d", seed+1) {
			assert.True(t, r.Failures[0].IsDifference())
			assert.True(t, strings.HasPrefix(r.Failures[0].Text, "parallel: the model expects "), r.Failures[0].Text)
		}
	}
}

// lenient takes keys that were refused back after a while, whatever it is told.
type lenient struct{ sim.Gateway }

func (l lenient) Start(ctx context.Context, env sim.Env) error {
	env.Settings.Policy = drill.PolicyRecovering
	return l.Gateway.Start(ctx, env)
}

// What comes after a parallel step is judged by what was seen of it: here which answers
// of two keys are still to come.
func TestStepsAfterParallelOnesAreJudged(t *testing.T) {
	d, err := drill.Parse("after.drill", []byte(`provider alpha openai https://alpha.invalid/v1 keys k0 k1
upstream alpha.invalid
  key k0: 401, then 200, then 500
  key k1: 200, then 500, then 404
reload
parallel
  request POST https://alpha.invalid/v1/chat/completions as c1
  request POST https://alpha.invalid/v1/chat/completions as c2
advance 2m
request POST https://alpha.invalid/v1/chat/completions
`))
	require.NoError(t, err)
	for seed := range uint64(20) {
		r := explore.Again(t, sim.Reference(), d, seed+1)
		assert.Empty(t, r.Failures, "seed %d", seed+1)
		r = explore.Again(t, lenient{sim.Reference()}, d, seed+1)
		if assert.NotEmpty(t, r.Failures, "seed %d", seed+1) {
			assert.Contains(t, r.Failures[0].Text, "key=k1")
			assert.Nil(t, r.Want[3], "it may as well go otherwise")
			assert.NotNil(t, r.Want[5])
		}
	}
}
