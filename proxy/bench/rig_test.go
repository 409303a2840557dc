package bench_test

import (
	"crypto/tls"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What the benchmarks compare has to be the same work: every gateway answers, streams,
// and asks the upstream anew each time.
func TestGatewaysDoTheSame(t *testing.T) {
	for _, g := range startAll(t) {
		c, err := g.open(nil)
		require.NoError(t, err, g.name)
		require.NoError(t, c.ask(), g.name)
		require.NoError(t, c.ask(), g.name)
		lags, err := c.stream(nil)
		require.NoError(t, err, g.name)
		assert.Len(t, lags, events, g.name)
		c.close()
	}
}

// However many tunnels begin at once, a host's certificate is made once, by the count of
// its authority's signatures, and later tunnels resume the first ones' sessions.
func TestNoLeafIsMadeTwice(t *testing.T) {
	for _, g := range startAll(t) {
		if g.made == nil {
			continue
		}
		sessions := tls.NewLRUClientSessionCache(1)
		for _, cache := range []tls.ClientSessionCache{nil, sessions} {
			clients, err := openSome(g, 32, cache)
			require.NoError(t, err, g.name)
			for _, c := range clients {
				c.close()
			}
		}
		assert.EqualValues(t, 1, g.made.Load(), g.name)
		c, err := g.open(sessions)
		require.NoError(t, err, g.name)
		assert.Equal(t, g.name == "gatedrill", c.tls.ConnectionState().DidResume, "%s: goproxy makes a configuration for each tunnel, "+
			"and with it keys that no other tunnel's tickets fit", g.name)
		c.close()
	}
}

func TestMedianAndQuantile(t *testing.T) {
	assert.Equal(t, 2.0, median([]float64{3, 1, 2}))
	assert.Equal(t, 2.5, median([]float64{4, 1, 2, 3}))
	samples := durations(1000)
	assert.Equal(t, 501.0, quantile(samples, 0.5))
	assert.Equal(t, 1000.0, quantile(samples, 0.999))
	assert.Equal(t, durations(1000), samples, "the samples stay as they were")
	slices.Reverse(samples)
	assert.Equal(t, 991.0, quantile(samples, 0.99))
}

// durations are 1 to n microseconds.
func durations(n int) []time.Duration {
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = time.Duration(i+1) * time.Microsecond
	}
	return all
}

// The ratio is taken round by round: a round in which the machine was slow for both
// counts like any other.
func TestRatioIsOfPairs(t *testing.T) {
	rounds := func(values ...float64) (all [][]measure) {
		for _, v := range values {
			all = append(all, []measure{{name: "requests/s", value: v}})
		}
		return all
	}
	assert.Equal(t, 0.5, ratio(rounds(100, 1, 100), rounds(200, 2, 200), 0))
	assert.Equal(t, 0.9, ratio(rounds(90, 50, 10), rounds(100, 50, 20), 0))
}
