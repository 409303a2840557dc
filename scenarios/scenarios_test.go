package scenarios_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/scenarios"
	"github.com/gatedrill/gatedrill/sim"
)

// Every drill of the library passes on the reference gateway, twice the same.
func TestLibrary(t *testing.T) {
	for _, s := range scenarios.All() {
		t.Run(s.Name, func(t *testing.T) {
			d, err := s.Drill()
			require.NoError(t, err)
			sim.Play(t, sim.Reference(), d)
		})
	}
}

// A drill is read by people first: it says what it is about, it is printed as
// it is written, its name is nobody else's, and it holds for every seed.
func TestLibraryIsWellWritten(t *testing.T) {
	names := map[string]string{}
	for _, s := range scenarios.All() {
		assert.Empty(t, names[s.Name], "%s has the name of another drill", s.Path)
		names[s.Name] = s.Path
		d, err := s.Drill()
		require.NoError(t, err)
		assert.True(t, strings.HasSuffix(d.About(), "."), "%s does not begin with a sentence: %q", s.Path, d.About())
		assert.Equal(t, string(s.Text), d.String(), "gatedrill run --update rewrites %s", s.Path)
		_, pinned := d.Seed()
		assert.False(t, pinned, "%s holds for one seed only", s.Path)
		compared := 0
		for _, step := range d.Steps {
			compared += len(step.Want)
		}
		assert.Positive(t, compared, "%s expects nothing", s.Path)
	}
	assert.GreaterOrEqual(t, len(names), 45)
}

func TestFind(t *testing.T) {
	s, ok := scenarios.Find("crud-routing.drill")
	require.True(t, ok)
	assert.Equal(t, "scenarios/drills/routing/crud-routing.drill", s.Path)
	_, ok = scenarios.Find("nobody")
	assert.False(t, ok)
}
