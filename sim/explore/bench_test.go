package explore_test

import (
	"testing"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/explore"
)

// BenchmarkExplore is runs of an exploration, one after the other in one process,
// without what is found.
func BenchmarkExplore(b *testing.B) {
	ok := testing.RunTests(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: b.Name(), F: func(t *testing.T) {
		i := 0
		for b.Loop() {
			j := explore.Job{Seed: 1, Run: i % 200}
			s, err := j.Story()
			if err != nil {
				b.Fatal(err)
			}
			explore.Play(t, sim.Reference(), j, s)
			i++
		}
	}}})
	if !ok {
		b.FailNow()
	}
}
