package patient_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/scenarios"
	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/worker"
)

const (
	oneAfterTheOther = `provider alpha openai https://alpha.invalid/v1 keys k0 k1
gateway bridge=recorded
upstream alpha.invalid
  key k0: 429 retry-after=5
  key k1: 200
reload
  => alpha enabled
request POST https://alpha.invalid/v1/chat/completions
  => bridge got POST /api/v2/aibridge/alpha/v1/chat/completions
  => alpha.invalid got POST /v1/chat/completions key=k0, answered 429
  => alpha.invalid got POST /v1/chat/completions key=k1, answered 200
  => client got 200
expect keys alpha
  => alpha k0 cooling 5s (429)
  => alpha k1 available
`
	atTheSameTime = oneAfterTheOther + `parallel
  request POST https://alpha.invalid/v1/chat/completions as c1
  request POST https://alpha.invalid/v1/chat/completions as c2
`
)

func TestLockAcrossIOFreezesTheWorld(t *testing.T) {
	busy, ok := scenarios.Find("four-clients-failover-and-reload")
	require.True(t, ok)
	tests := []struct {
		name, text string
		want       sim.Outcome
	}{
		{"one-after-the-other", oneAfterTheOther, sim.Passed},
		{"at-the-same-time", atTheSameTime, sim.Failed},
		{busy.Name, string(busy.Text), sim.Failed},
	}
	var jobs []worker.Job
	for _, test := range tests {
		jobs = append(jobs, worker.Job{File: test.name + ".drill", Text: test.text, Gateway: "lock-across-io"})
	}
	for i, v := range play(t, jobs...) {
		t.Run(tests[i].name, func(t *testing.T) {
			require.Equal(t, tests[i].want, v.Outcome(), v.Story(""))
			if v.Outcome() == sim.Passed {
				return
			}
			require.Len(t, v.Findings, 1, v.Story(""))
			assert.Equal(t, "no-lock-across-io", v.Findings[0].Check)
			assert.Contains(t, v.Findings[0].Text, "a lock was held across I/O")
			assert.Contains(t, v.Findings[0].Text, "patient.(*lockAcrossIO)")
			require.GreaterOrEqual(t, v.Findings[0].Step, 0)
			assert.Equal(t, "parallel", v.Steps[v.Findings[0].Step].Line[:len("parallel")])
		})
	}
}
