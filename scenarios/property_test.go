package scenarios_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/gen"
	"github.com/gatedrill/gatedrill/sim/model"
)

// holds plays stories against the reference gateway, as many as -rapid.checks
// says, and fails with one that a person can read, save and replay: the shortest
// that was found.
func holds(t *testing.T, stories *rapid.Generator[gen.Story]) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		s := stories.Draw(rt, "story")
		v := sim.Run(t, sim.Reference(), s.Drill, sim.Options{Seed: s.Seed})
		if v.Outcome() != sim.Passed {
			rt.Fatalf("%s", told(s, v))
		}
		// The model takes time to stand still between two advances.
		if over := time.Duration(v.Virtual) - s.Lasts; over < 0 || over >= model.Blur {
			rt.Fatalf("the drill took %s more than it says, and the model allows for %s:\n%s", over, model.Blur, s.Drill)
		}
	})
}

// told is a failing story: the drill as a file, what was seen instead, and how to
// play it again.
func told(s gen.Story, v *sim.Verdict) string {
	file := s.Drill.Name + ".drill"
	return fmt.Sprintf("a drill of %d steps:\n\n%s\n%s", len(s.Drill.Steps), s.Drill,
		v.Story(fmt.Sprintf("save the drill as %s; gatedrill run %s --seed %d", file, file, s.Seed)))
}
