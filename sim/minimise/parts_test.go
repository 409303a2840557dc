package minimise_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/minimise"
)

// morning are requests, each with its answer; in the drill the answers are one sequence.
type morning []string

func (m morning) Until(step int) int { return max(step-2, 0) } // one step for each, behind three

func (m morning) Drill(parts []int) (*drill.Drill, error) {
	var answers []string
	for _, i := range parts {
		answers = append(answers, m[i])
	}
	text := "provider alpha openai https://alpha.invalid/v1 keys k0\nupstream alpha.invalid\n  key k0: " + strings.Join(answers, ", then ") +
		"\nreload\n" + strings.Repeat("request POST https://alpha.invalid/v1/x\n", len(parts))
	return drill.Parse("morning.drill", []byte(text))
}

// A part goes with its answer, so that halves can be left out.
func TestPartsGoWithTheirAnswers(t *testing.T) {
	m := morning{}
	all := []int{}
	for i := range 120 {
		m, all = append(m, fmt.Sprintf("200 delay=%dms", i+1)), append(all, i)
	}
	m[70] = "400"
	d, err := m.Drill(all)
	require.NoError(t, err)
	c := config(t, d.String(), "client got 400")
	c.Parts = m
	small, err := minimise.Minimise(c)
	require.NoError(t, err)
	assert.Equal(t, 4, small.Steps, small.Text)
	assert.Less(t, small.Tries, 60)
	assert.Contains(t, small.Text, "  key any: 400\n")
	assert.True(t, small.Exact)
}
