package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A report names what failed and what was played in two ways, and counts both as faults.
func TestSimNamesItsFaults(t *testing.T) {
	var first, other turn
	first.add("alpha", 1, time.Second, "1", false)
	first.add("beta", 1, time.Second, "2", false)
	other.add("alpha", 1, time.Second, "1", true)
	other.add("beta", 1, time.Second, "3", false)
	s := SimTime{Work: "library", Workers: 2}
	s.add(other, time.Second, 10*time.Millisecond)
	s.compare(first, other)
	assert.Equal(t, 1, s.Failed)
	assert.Equal(t, 1, s.Different)
	assert.Equal(t, []float64{2}, s.VirtualPerWall)
	assert.Equal(t, []float64{5}, s.CPUPerRun)

	r := &Report{Bench: benchSim, Sims: []SimTime{s}}
	assert.Equal(t, 2, r.Faults())
	var text strings.Builder
	require.NoError(t, r.Table(&text))
	assert.Contains(t, text.String(), "\nlibrary, 2 workers: alpha failed\nlibrary, 2 workers: beta was played differently\n2 failed or were played differently\n")
}
