package sim_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/check"
)

// plain is a gateway that is no more than that: no Inspector, no Healer.
type plain struct{ sim.Gateway }

// lazyHealer says that it has healed, and does nothing.
type lazyHealer struct{ sim.Gateway }

func (lazyHealer) Heal(context.Context, string, int) (bool, error) { return true, nil }

const healed = `# An operator heals the only key.

provider alpha openai https://alpha.invalid/v1 keys k0 k1
upstream alpha.invalid
  key any: 401
reload
request POST https://alpha.invalid/v1/chat/completions
heal alpha k0
request POST https://alpha.invalid/v1/chat/completions
`

func TestHeal(t *testing.T) {
	reference := sim.Run(t, sim.Reference(), parse(t, healed), sim.Options{})
	assert.Equal(t, sim.Passed, reference.Outcome(), reference.Story(""))
	assert.Equal(t, []string{"alpha k0 is healed"}, reference.Steps[4].Got)
	assert.Equal(t, []string{"alpha.invalid got POST /v1/chat/completions key=k0, answered 401", "client got 502"}, reference.Steps[5].Got)

	nobody := sim.Run(t, plain{sim.Reference()}, parse(t, healed), sim.Options{})
	assert.Equal(t, []string{"alpha k0 (not observed)"}, nobody.Steps[4].Got)
	assert.Equal(t, sim.Passed, nobody.Outcome(), nobody.Story(""))
}

// What a drill calls quiet is held against the gateway.
func TestQuiet(t *testing.T) {
	v := sim.Run(t, sim.Reference(), parse(t, "reload\nrequest GET https://nobody.invalid/\nquiet\nrequest GET https://nobody.invalid/\n"), sim.Options{})
	assert.Equal(t, []check.Finding{{Check: "recovers", Step: 3, Text: "client was refused a tunnel to nobody.invalid:443, and every fault was over"}}, v.Findings)
	assert.Equal(t, []string{}, v.Steps[2].Got)
}

// Whoever says that it has healed a key, and has not, shows it in its metrics.
func TestAGatewayThatHealsNothingIsFound(t *testing.T) {
	v := sim.Run(t, lazyHealer{sim.Reference()}, parse(t, healed), sim.Options{})
	assert.Equal(t, []string{"alpha k0 is healed"}, v.Steps[4].Got)
	var found []string
	for _, f := range v.Findings {
		found = append(found, f.Check)
	}
	assert.Contains(t, found, "view-equals-state")
}

const editedSince = `# The source changed its mind and failed: what is live has the keys as they were.

provider alpha openai https://alpha.invalid/v1 keys k0 k1
upstream alpha.invalid
  key k0: 429 retry-after=5
  key k1: 200
reload
request POST https://alpha.invalid/v1/chat/completions
provider alpha set keys k2 k1 k0
source fails "down"
reload
expect keys alpha
heal alpha k2
heal alpha k0
expect keys alpha
`

// Keys are called by the live row's names, not by those of a row that never got there.
func TestKeysAreThoseOfTheLiveRow(t *testing.T) {
	v := sim.Run(t, sim.Reference(), parse(t, editedSince), sim.Options{})
	assert.Equal(t, sim.Passed, v.Outcome(), v.Story(""))
	assert.Equal(t, []string{"alpha k0 cooling 5s (429)", "alpha k1 available"}, v.Steps[7].Got)
	assert.Equal(t, []string{"alpha k2 was not healed: the live row has no such key"}, v.Steps[8].Got)
	assert.Equal(t, []string{"alpha k0 is healed"}, v.Steps[9].Got)
	assert.Equal(t, []string{"alpha k0 available", "alpha k1 available"}, v.Steps[10].Got)
}
