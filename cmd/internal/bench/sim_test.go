package bench_test

import (
	"bytes"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/cmd/internal/bench"
)

func TestSim(t *testing.T) {
	t.Parallel()
	var progress bytes.Buffer
	r, err := bench.Sim(t.Context(), bench.SimOptions{Drills: 3, Runs: 2, Rounds: 2, Workers: 2}, &progress)
	require.NoError(t, err)
	assert.Contains(t, progress.String(), "round 2 of 2: exploration, 2 workers")
	var names []string
	for _, s := range r.Sims {
		names = append(names, s.String())
		assert.Len(t, s.RunsPerSecond, 2, s)
		assert.Positive(t, s.RunsPerSecond[0], s)
		assert.Positive(t, s.StepsPerSecond[1], s)
		assert.Positive(t, s.VirtualPerWall[0], s)
		assert.Equal(t, runtime.GOOS != "windows" && runtime.GOOS != "plan9", s.CPUPerRun[1] > 0, s)
		assert.Zero(t, s.Failed, s)
		assert.Zero(t, s.Different, s)
	}
	assert.Equal(t, []string{"library, 1 worker", "library, 2 workers", "exploration, 1 worker", "exploration, 2 workers"}, names)
	assert.Equal(t, []int{3, 3, 2, 2}, []int{r.Sims[0].Runs, r.Sims[1].Runs, r.Sims[2].Runs, r.Sims[3].Runs})
	require.Len(t, r.Ratios, 4)
	assert.Len(t, r.Ratios[0].Pairs, 2)
	var text bytes.Buffer
	require.NoError(t, r.Table(&text))
	assert.Contains(t, text.String(), "\n0 failed or were played differently\n")
	requireShown(t, r, 1)
}

// One core leaves nothing to compare one worker with.
func TestSimOfOneWorker(t *testing.T) {
	t.Parallel()
	r, err := bench.Sim(t.Context(), bench.SimOptions{Drills: 1, Runs: 1, Rounds: 1, Workers: 1}, io.Discard)
	require.NoError(t, err)
	assert.Len(t, r.Sims, 2)
	assert.Empty(t, r.Ratios)
	require.NoError(t, r.Table(io.Discard))
}

func TestSimRefusesOptions(t *testing.T) {
	_, err := bench.Sim(t.Context(), bench.SimOptions{Drills: -1, Workers: -1}, io.Discard)
	require.ErrorIs(t, err, bench.ErrOptions)
	for _, want := range []string{"drills is -1", "runs is 0", "rounds is 0", "workers is -1"} {
		assert.ErrorContains(t, err, want)
	}
}
