package drill_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/drill"
)

func TestParseUpstreams(t *testing.T) {
	ops, err := drill.ParseUpstreams("limits.drill", []byte(`# What two providers say.
upstream alpha.invalid openai
  # the first one
  key k0: 429 retry-after=5
  key k1: 200 body=@a.json
upstream beta.invalid
  key any: 529
-- a.json --
{}
`))
	require.NoError(t, err)
	require.Len(t, ops, 2)
	assert.Equal(t, "upstream alpha.invalid openai", ops[0].String())
	assert.Equal(t, "{}\n", string(ops[0].Rules[1].Answers[0].Body))
	assert.Equal(t, "key any: 529", ops[1].Rules[0].String())
}

func TestParseUpstreamsMistakes(t *testing.T) {
	tests := map[string]string{
		"": "f:1:1: no upstream: write at least one, such as \"upstream alpha.invalid\" and below it \"  key any: 200\"",
		"provider alpha openai https://alpha.invalid/v1\nupstream a.invalid\n  key any: 200\nreload\n  => nothing": "f:1:1: \"provider\" is for drills, and here no drill is played: leave only upstream blocks\n" +
			"f:4:1: \"reload\" is for drills, and here no drill is played: leave only upstream blocks\n" +
			"f:5:1: \"=>\" is for drills, and here no drill is played: leave it out",
		"upstream a.invalid\n  key any: 200\nupstream a.invalid\n  key any: 201": "f:3:1: upstream a.invalid stands in line 1 already: write one block",
		"upstraem a.invalid\n  key any: 20O":                                     "f:1:1: unknown verb \"upstraem\": did you mean \"upstream\"?",
		"upstream a.invalid\n  key any: 20O":                                     "f:2:12: unknown answer \"20O\": want a status such as 200 or 429",
		"upstream a.invalid\n  key any: 200\n-- x --\n":                          "f:3:4: file \"x\" is never used: remove it, or refer to it as @x",
	}
	for text, want := range tests {
		ops, err := drill.ParseUpstreams("f", []byte(text))
		assert.Nil(t, ops, text)
		assert.EqualError(t, err, want, text)
	}
}
