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
	o := bench.FailoverOptions{Keys: []int{1, 3, 50}, Requests: 2, Clients: 8, Probes: []int{0, 1}}
	r, err := bench.Failover(t.Context(), o, io.Discard)
	require.NoError(t, err)
	for i, n := range o.Keys {
		assert.Equal(t, n, r.Pools[i].Keys)
		assert.Equal(t, n, r.Pools[i].Attempts, "each key was tried once")
		assert.EqualValues(t, 2, r.Pools[i].Across.Count)
		assert.EqualValues(t, 2, r.Pools[i].Settled.Count)
		assert.EqualValues(t, 2, r.Pools[i].Spent.Count)
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
}

func TestFailoverRefusesOptions(t *testing.T) {
	for _, o := range []bench.FailoverOptions{{Keys: []int{0}, Requests: 1}, {Keys: []int{51}, Requests: 1}, {}, {Requests: 1, Clients: -1}} {
		_, err := bench.Failover(t.Context(), o, io.Discard)
		assert.ErrorIs(t, err, bench.ErrOptions, "%+v", o)
	}
}
