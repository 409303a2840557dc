package model_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/model"
)

// A gateway that decides otherwise on purpose is foretold by what it declares.
func TestDeclaredPolicy(t *testing.T) {
	d, err := drill.Parse("policy.drill", []byte(`upstream alpha.invalid
  key any: 503, then 404, then 503 retry-after=7200, then 429
provider alpha openai https://alpha.invalid/v1 keys k0 k1 k2 k3
reload
request POST https://alpha.invalid/v1/chat/completions
expect keys alpha
heal alpha k1
expect keys alpha
request POST https://alpha.invalid/v1/chat/completions body=2KiB
`))
	require.NoError(t, err)
	keys := []string{"alpha k0 cooling 10s (503)", "alpha k1 disabled (404)", "alpha k2 cooling 1h0m0s (503)", "alpha k3 available"}
	want := map[int][]string{
		3: {
			"alpha.invalid got POST /v1/chat/completions key=k0, answered 503", "alpha.invalid got POST /v1/chat/completions key=k1, answered 404",
			"alpha.invalid got POST /v1/chat/completions key=k2, answered 503", "alpha.invalid got POST /v1/chat/completions key=k3, answered 429", "client got 429",
		},
		4: keys, 6: keys,
	}
	policy := model.Policy{
		Cooldown: map[int]time.Duration{503: 10 * time.Second}, Disable: []int{404},
		MaxCooldown: time.Hour, MaxReplay: 1 << 10, Exact: true, NoHealing: true,
	}
	m := model.NewDeclared(d.Settings(), policy, model.NewScripts())
	for i, s := range d.Steps {
		o := m.Play(s.Op)
		if lines, ok := want[i]; ok {
			assert.Equal(t, lines, o.Lines(), "%s: %s", s.Op, o.Unknown)
		}
	}
	assert.NotEmpty(t, m.Lost(), "a fifth answer, which the script does not have")

	// What a client is told when no key is left is foretold of those that say so.
	policy.Exact = false
	policy.Cooldown[429] = time.Minute
	m = model.NewDeclared(d.Settings(), policy, model.NewScripts())
	at := slices.IndexFunc(d.Steps, func(s drill.Step) bool { _, ok := s.Op.(drill.RequestOp); return ok })
	for _, s := range d.Steps[:at+1] {
		m.Play(s.Op)
	}
	assert.Contains(t, m.Lost(), "does not declare")
}
