package gen_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/gen"
	"github.com/gatedrill/gatedrill/sim/model"
)

func ExampleRun() {
	first, again, other := gen.Run(1, 0), gen.Run(1, 0), gen.Run(1, 1)
	fmt.Println(first.Drill.Equal(again.Drill), first.Drill.Equal(other.Drill), first.Drill.Name)
	// Output: true false explore-1-0
}

// Runs are long enough to get somewhere, half of them are foretold to their last
// step, and all are their own texts.
func TestRunsOfAnExploration(t *testing.T) {
	const runs = 300
	steps, whole := 0, 0
	for i := range runs {
		s := gen.Run(5, i)
		again, err := drill.Parse(s.Drill.Name+".drill", []byte(s.Drill.String()))
		require.NoError(t, err)
		require.True(t, again.Equal(s.Drill), s.Drill)
		steps += len(s.Drill.Steps)
		known := true
		for j, o := range model.Predict(s.Drill) {
			_, together := s.Drill.Steps[j].Op.(drill.ParallelOp)
			_, looks := s.Drill.Steps[j].Op.(drill.ExpectOp)
			known = known && (o.Unknown == "" || together || looks)
		}
		if known {
			whole++
		}
	}
	t.Logf("%d steps on average, %d of %d foretold", steps/runs, whole, runs)
	assert.GreaterOrEqual(t, steps/runs, 25)
	assert.Greater(t, whole, runs/3)
	assert.Less(t, whole, runs*2/3)
}

// Every run ends with a quiet part, in which everything is said to be in order.
func TestRunsEndInQuiet(t *testing.T) {
	quiet := 0
	for i := range 100 {
		for _, s := range gen.Run(6, i).Drill.Steps {
			if _, ok := s.Op.(drill.QuietOp); ok {
				quiet++
			}
		}
	}
	assert.GreaterOrEqual(t, quiet, 95, "a story that the model cannot follow ends where that is")
}
