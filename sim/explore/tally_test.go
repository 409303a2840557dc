package explore_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/sim/explore"
)

func TestTally(t *testing.T) {
	tally := explore.NewTally(1)
	first := tally.Add(explore.Result{Steps: 3, Marks: explore.Marks()[:1], Features: []string{"a"},
		Failures: []explore.Failure{{Name: "x", Text: "one"}}})
	again := tally.Add(explore.Result{Steps: 4, Features: []string{"a", "b"}, Broken: "no room",
		Failures: []explore.Failure{{Name: "x", Text: "two"}, {Name: "y", Text: "three"}}})
	assert.Equal(t, "one", first[0].Text)
	assert.Len(t, again, 1, "x is known")
	assert.Equal(t, "y", again[0].Name)
	assert.Equal(t, 2, tally.Failures["x"])
	assert.Equal(t, 2, tally.Kinds())
	assert.Len(t, tally.Broken, 1)
	assert.Equal(t, explore.Marks()[1:], tally.Missed())
	assert.Contains(t, tally.Table(), "NEVER")
	assert.Equal(t, 1, tally.Reached())
}

// Nothing new for 500 runs and a third of all is quiet.
func TestQuiet(t *testing.T) {
	tally := explore.NewTally(1)
	add := func(n int, feature string) {
		for range n {
			tally.Add(explore.Result{Features: []string{feature}})
		}
	}
	add(500, "a")
	assert.False(t, tally.Quiet())
	add(1, "a")
	assert.True(t, tally.Quiet())
	add(2499, "a")
	add(1, "b")
	add(900, "b")
	assert.False(t, tally.Quiet(), "900 of 3901")
	add(1000, "b")
	assert.True(t, tally.Quiet())
}
