package recording_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/recording"
)

// Some requests of a recording are a story with their own answers, and the edits of all.
func TestPart(t *testing.T) {
	run, _ := recorded(t, incident, 1)
	s, err := recording.Convert("incident", run, recording.Options{})
	require.NoError(t, err)
	require.Equal(t, 6, s.Requests())
	assert.Equal(t, 6, s.Until(1000))
	assert.Equal(t, 0, s.Until(0))
	v := replayed(t, s, 1)
	for i, step := range v.Steps {
		if strings.Contains(strings.Join(step.Got, " "), "got 429 retry-after=3") {
			assert.Equal(t, 2, s.Until(i), step.Line)
		}
	}
	part, err := s.Part([]int{0, 3})
	require.NoError(t, err)
	assert.Equal(t, 2, part.Requests())
	assert.Equal(t, 2, strings.Count(part.Text, "\nconnect t"), part.Text)
	assert.Contains(t, part.Text, "  key alpha-1: 429 retry-after=5\n")
	assert.Contains(t, part.Text, "provider beta openai")
	assert.Equal(t, s.Groups[0].Exchanges[0].Attempts, part.Groups[0].Exchanges[0].Attempts)
	assert.Nil(t, part.Compare(replayed(t, part, 1)))

	whole, err := s.Part([]int{0, 1, 2, 3, 4, 5})
	require.NoError(t, err)
	assert.Equal(t, s.Text, whole.Text)
	none, err := s.Part(nil)
	require.NoError(t, err)
	assert.Empty(t, none.Groups)
}
