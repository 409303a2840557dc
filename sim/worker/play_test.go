package worker_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/worker"
)

// One process plays job after job, and another takes its place when a gateway kills it.
func TestAWorkerPlaysOneJobAfterTheOther(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := worker.Pool{}.Open(ctx)
	defer w.Close()
	job := worker.Job{File: "one.drill", Text: drillText, Seed: 3}
	hash := ""
	for _, gateway := range []string{"", "panics", "", ""} {
		job.Gateway = gateway
		v, err := w.Play(job)
		require.NoError(t, err)
		assert.EqualValues(t, 3, v.Seed)
		if gateway != "" {
			require.Len(t, v.Findings, 1)
			assert.Equal(t, "no-panic", v.Findings[0].Check)
			continue
		}
		assert.Equal(t, sim.Passed, v.Outcome(), v.Story(""))
		if hash != "" {
			assert.Equal(t, hash, v.Trace.Hash)
		}
		hash = v.Trace.Hash
	}
	cancel()
	_, err := w.Play(job)
	assert.ErrorIs(t, err, context.Canceled)
}
