package scenarios_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/scenarios"
	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/gen"
	"github.com/gatedrill/gatedrill/sim/law"
)

// What must not matter about reloads does not, in any drill of the library.
func TestLawsOfReloads(t *testing.T) {
	originals := map[string]*sim.Verdict{}
	for _, l := range law.All() {
		t.Run(l.Name, func(t *testing.T) {
			told := 0
			for _, s := range scenarios.All() {
				d, err := s.Drill()
				require.NoError(t, err)
				v, ok := l.Variant(d)
				if !ok {
					continue
				}
				told++
				if originals[s.Name] == nil {
					originals[s.Name] = sim.Run(t, sim.Reference(), d, sim.Options{})
				}
				varied := sim.Run(t, sim.Reference(), v.Drill, sim.Options{})
				assert.Empty(t, v.Difference(d, originals[s.Name], varied), "%s\n%s", s.Name, v.Drill)
			}
			t.Logf("%d drills", told)
			assert.Positive(t, told, "no drill of which it says anything")
		})
	}
}

// Nor in any story.
func TestPropertyLawsOfReloads(t *testing.T) {
	stories := rapid.OneOf(gen.CRUD(), gen.Waits(), gen.StaleTunnels())
	rapid.Check(t, func(rt *rapid.T) {
		s := stories.Draw(rt, "story")
		o := sim.Options{Seed: s.Seed}
		var original *sim.Verdict
		for _, l := range law.All() {
			v, ok := l.Variant(s.Drill)
			if !ok {
				continue
			}
			if original == nil {
				original = sim.Run(t, sim.Reference(), s.Drill, o)
			}
			if what := v.Difference(s.Drill, original, sim.Run(t, sim.Reference(), v.Drill, o)); what != "" {
				rt.Fatalf("%s: %s\n%s\n%s", l.Name, what, s.Drill, v.Drill)
			}
		}
	})
}

// A gateway that lets nobody look inside is judged by what can be
// seen: where that is right, nothing is found.
func TestNoFalseAlarmsAboutForeignGateways(t *testing.T) {
	for _, s := range scenarios.All() {
		d, err := s.Drill()
		require.NoError(t, err)
		gateway := struct {
			sim.Gateway
			sim.Healer
		}{Gateway: sim.Reference()}
		gateway.Healer = gateway.Gateway.(sim.Healer)
		v := sim.Run(t, gateway, d, sim.Options{})
		assert.Empty(t, v.Findings, s.Name)
	}
}
