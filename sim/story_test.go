package sim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/check"
)

func TestStory(t *testing.T) {
	step := func(want, got []string) *sim.Verdict {
		return &sim.Verdict{Drill: "d", Seed: 1, Steps: []sim.StepResult{{Line: "reload", Position: "d.drill:4:1", Want: want, Got: got}}}
	}
	tests := []struct {
		name    string
		verdict *sim.Verdict
		want    string
	}{
		{"passed", step([]string{"a 1"}, []string{"a 1"}), ""},
		{"not compared", step(nil, []string{"a 1"}), ""},
		{"a line too few", step([]string{"a 1", "b 2"}, []string{"b 2"}), `d failed on seed 1

  d.drill:4:1  reload
      expected │ observed
    ✗ a 1      │ 
      b 2      │ b 2
`},
		{"a line too many, and another one", step([]string{"client got 200"}, []string{"alpha got it", "client got 502"}), `d failed on seed 1

  d.drill:4:1  reload
      expected       │ observed
    ✗                │ alpha got it
    ✗ client got 200 │ client got 502
`},
		{"nothing was expected", step([]string{}, []string{"a 1"}), `d failed on seed 1

  d.drill:4:1  reload
      expected │ observed
    ✗          │ a 1
`},
		{"a finding is shown with its step", &sim.Verdict{Drill: "d", Seed: 2,
			Steps:    []sim.StepResult{{Line: "reload", Position: "d.drill:4:1", Got: []string{"a 1"}}},
			Findings: []check.Finding{{Check: "nothing-leaks", Step: 0, Text: "it does"}}}, `d failed on seed 2

  nothing-leaks: it does

  d.drill:4:1  reload
      => a 1
`},
		{"the harness", &sim.Verdict{Drill: "d", Seed: 2, Error: "no network"}, `d broken on seed 2

  the harness could not go on: no network
`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, test.verdict.Story(""))
		})
	}
}
