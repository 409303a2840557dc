package bench_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/cmd/internal/bench"
)

func TestFailover(t *testing.T) {
	t.Parallel()
	o := bench.FailoverOptions{Keys: []int{1, 3, 50}, Requests: 4, Rounds: 1, Clients: 8, Probes: []int{0, 1}}
	r, err := bench.Failover(t.Context(), o, io.Discard)
	require.NoError(t, err)
	for i, n := range o.Keys {
		assert.Equal(t, n, r.Pools[i].Keys)
		assert.Equal(t, n, r.Pools[i].Attempts, "each key was tried once")
		assert.Len(t, r.Pools[i].Across, 4)
		assert.Len(t, r.Pools[i].Settled, 4)
		assert.Len(t, r.Pools[i].Spent, 4)
	}
	require.Len(t, r.Herds, 2)
	for _, h := range r.Herds {
		assert.Equal(t, 8, h.Served)
		assert.Equal(t, h.Served+h.Limited, h.Attempts, "every answer of the upstream is one or the other")
		assert.GreaterOrEqual(t, h.Spared, 0)
		assert.GreaterOrEqual(t, h.AllMS, h.HalfMS)
	}
	assert.Zero(t, r.Faults())
	var out bytes.Buffer
	require.NoError(t, r.Table(&out))
	assert.Contains(t, out.String(), "a herd of 8 at the end")
	assert.Contains(t, out.String(), "no bound")
	assert.Contains(t, out.String(), "upstream attempts: probes 1 / no bound")
	requireShown(t, r, 2)
}

func TestFailoverInRounds(t *testing.T) {
	t.Parallel()
	r, err := bench.Failover(t.Context(), bench.FailoverOptions{Keys: []int{2}, Requests: 1, Rounds: 3}, io.Discard)
	require.NoError(t, err)
	assert.Len(t, r.Pools, 1)
	assert.Len(t, r.Pools[0].Spent, 3)
	assert.Empty(t, r.Herds)
	require.NoError(t, r.Table(io.Discard))
	requireShown(t, r, 1)
}

func TestFailoverRefusesOptions(t *testing.T) {
	_, err := bench.Failover(t.Context(), bench.FailoverOptions{Keys: []int{0, 1, 51}, Clients: -1}, io.Discard)
	require.ErrorIs(t, err, bench.ErrOptions)
	for _, want := range []string{"keys is 0", "keys is 51", "requests is 0", "rounds is 0", "clients is -1"} {
		assert.ErrorContains(t, err, want)
	}
}
