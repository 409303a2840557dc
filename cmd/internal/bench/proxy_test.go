package bench_test

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/cmd/internal/bench"
)

// brief is the shortest run that there is.
func brief(others bench.Others) bench.ProxyOptions {
	return bench.ProxyOptions{Preset: "brief", Rate: 80, Clients: 2, Phase: 100 * time.Millisecond, Rounds: 2, Others: others}
}

func TestProxy(t *testing.T) {
	t.Parallel()
	var progress bytes.Buffer
	r, err := bench.Proxy(t.Context(), brief(bench.Others{Against: bench.Targets()}), &progress)
	require.NoError(t, err)
	assert.Contains(t, progress.String(), "round 2 of 2: gatedrill base-url, fresh, 2 clients")

	seen := map[string]int{}
	for _, p := range r.Phases {
		seen[p.Target]++
		assert.Empty(t, p.Misrouted, "%s, %s", p.Target, p.Name)
		assert.Empty(t, p.Errors, "%s, %s", p.Target, p.Name)
		assert.NotZero(t, p.Requests, "%s, %s", p.Target, p.Name)
		assert.False(t, p.Elsewhere)
		switch p.Name {
		case "warm at 80/s":
			assert.Equal(t, 8, p.Requests, p.Target)
			assert.EqualValues(t, 8, p.Latency["warm"].Count, p.Target)
		case "fresh at 20/s":
			assert.Equal(t, 2, p.Requests, p.Target)
			assert.EqualValues(t, 2, p.Latency["fresh"].Count, p.Target)
		case "warm, 2 clients", "fresh, 2 clients":
			assert.True(t, p.Closed)
			assert.Positive(t, p.Throughput, p.Target)
		default:
			t.Errorf("a phase %q", p.Name)
		}
	}
	assert.Equal(t, map[string]int{"gatedrill": 8, "gatedrill base-url": 8, "direct": 8, "goproxy": 8, "reverseproxy": 8}, seen)

	pairs := map[string]int{}
	for _, x := range r.Ratios {
		pairs[x.Measure+": "+x.Of+" / "+x.Over] = len(x.Pairs)
	}
	for _, want := range []string{
		"throughput: gatedrill warm, 2 clients / goproxy warm, 2 clients",
		"throughput: gatedrill fresh, 2 clients / goproxy fresh, 2 clients",
		"throughput: gatedrill base-url warm, 2 clients / reverseproxy warm, 2 clients",
		"p99.9: gatedrill warm at 80/s / direct warm at 80/s",
	} {
		assert.Equal(t, 2, pairs[want], want)
	}

	var text bytes.Buffer
	require.NoError(t, r.Table(&text))
	assert.Contains(t, text.String(), "throughput of gatedrill base-url")
	assert.Contains(t, text.String(), "\n0 misrouted, failed or dropped\n")
	requireShown(t, r, 4)
}

func TestProxyRefusesOptions(t *testing.T) {
	_, err := bench.Proxy(t.Context(), bench.ProxyOptions{Others: bench.Others{Against: []string{"nginx", "proxy=http://me:secret@127.0.0.1:1"}}}, io.Discard)
	require.ErrorIs(t, err, bench.ErrOptions)
	for _, want := range []string{"rate is 0", "clients is 0", "rounds is 0", "phase is 0s", `against "nginx"`, "a setup is missing"} {
		assert.ErrorContains(t, err, want)
	}
	for _, o := range []bench.ProxyOptions{bench.QuickProxy(), bench.DefaultProxy(), bench.SoakProxy(time.Hour)} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := bench.Proxy(ctx, o, io.Discard)
		assert.ErrorIs(t, err, context.Canceled, "%s: the options are in order", o.Preset)
	}
}

// Whoever compares two kinds of benchmarks is told, and an old report is one of reload.
func TestCompareRefusesAnotherBenchmark(t *testing.T) {
	old, err := bench.Read(bytes.NewBufferString(`{"preset": "quick"}`))
	require.NoError(t, err)
	assert.Equal(t, "reload", old.Bench)
	err = (&bench.Report{Bench: "proxy"}).Compare(old, io.Discard)
	require.ErrorIs(t, err, bench.ErrOptions)
	assert.ErrorContains(t, err, "of bench reload, the other of bench proxy")
	_, err = bench.Read(bytes.NewBufferString(`{"bench": "cooking"}`))
	assert.ErrorContains(t, err, `bench "cooking"`)
}
