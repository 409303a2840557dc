package sim

import (
	"testing"

	"github.com/gatedrill/gatedrill/sim/drill"
)

// Play plays a drill against a gateway, twice, and fails the test with a story
// when the gateway did something else than the drill says, when a check found
// something, or when the second run was not the same as the first. It must not
// be called from a parallel test.
func Play(t *testing.T, g Gateway, d *drill.Drill) {
	t.Helper()
	PlaySeed(t, g, d, 0)
}

// PlaySeed is Play on a seed of the caller's choice.
func PlaySeed(t *testing.T, g Gateway, d *drill.Drill, seed uint64) {
	t.Helper()
	first := Run(t, g, d, Options{Seed: seed})
	if first.Outcome() != Passed {
		t.Error(first.Story(""))
	}
	second := Run(t, g, d, Options{Seed: seed})
	if diff := first.Trace.Difference(second.Trace); diff != "" {
		t.Errorf("%s on seed %d is not the same twice: %s", d.Name, first.Seed, diff)
	}
}
