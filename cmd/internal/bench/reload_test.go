package bench_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/cmd/internal/bench"
)

// small is the shortest run that there is.
func small() bench.Options {
	return bench.Options{Preset: "small", Rows: 100, Rate: 50, Phase: time.Second, Rounds: 1, Storms: []int{10}, Sweep: []int{10}, Others: bench.Others{Against: bench.Targets()}}
}

func TestReload(t *testing.T) {
	t.Parallel()
	var progress bytes.Buffer
	r, err := bench.Reload(t.Context(), small(), &progress)
	require.NoError(t, err)
	assert.Contains(t, progress.String(), "round 1 of 1: gatedrill, storm 10/s")

	var names []string
	for _, p := range r.Phases {
		names = append(names, p.Target+" "+p.Name)
		assert.Equal(t, 50, p.Requests, p.Target)
		assert.Empty(t, p.Misrouted, p.Target)
		assert.Empty(t, p.Errors, p.Target)
		assert.Zero(t, p.Dropped, p.Target)
		assert.NotZero(t, p.Latency["warm"].Count)
		assert.NotZero(t, p.Latency["fresh"].Count)
		assert.NotZero(t, p.Latency["stream"].Count)
		assert.Greater(t, p.Latency["all"].P50, 10.0, "no answer comes before its request was meant to begin")
		assert.GreaterOrEqual(t, p.Latency["stream"].P50, 190_000.0, "a stream takes what its upstream takes")
	}
	assert.ElementsMatch(t, []string{"gatedrill steady", "gatedrill storm 10/s", "direct steady", "goproxy steady", "reverseproxy steady"}, names)
	assert.Len(t, r.Reloads, 3)
	assert.NotZero(t, r.Phases[1].Reloads.Done)

	for _, p := range r.Phases {
		assert.Equal(t, p.Target != "direct", p.Added != nil, "%s: what it adds to the direct connection of its round", p.Target)
	}
	var text bytes.Buffer
	require.NoError(t, r.Table(&text))
	assert.Contains(t, text.String(), "\n0 misrouted, failed or dropped\n")
	requireShown(t, r, 4)
}

// requireShown demands that a report is shown as a page with so many pictures, survives
// being written, and differs from itself by nothing.
func requireShown(t *testing.T, r *bench.Report, plots int) {
	t.Helper()
	var page, list, noise bytes.Buffer
	require.NoError(t, r.HTML(&page))
	assert.Equal(t, plots, strings.Count(page.String(), "<svg "))
	assert.NotContains(t, page.String(), "src=", "the page needs nothing else")
	assert.NotContains(t, page.String(), "NaN")

	require.NoError(t, r.JSON(&list))
	again, err := bench.Read(&list)
	require.NoError(t, err)
	assert.Equal(t, r, again)
	require.NoError(t, r.Compare(again, &noise))
	assert.Contains(t, noise.String(), "~")
	assert.NotContains(t, noise.String(), "%  (p=", "a report differs from itself by nothing")
}

func TestReloadRefusesOptions(t *testing.T) {
	_, err := bench.Reload(t.Context(), bench.Options{Others: bench.Others{Against: []string{"nginx"}}, Storms: []int{0}, Sweep: []int{1}}, io.Discard)
	require.ErrorIs(t, err, bench.ErrOptions)
	for _, want := range []string{"rows is 0", "rate is 0", "rounds is 0", "phase is 0s", "storms is 0", "sweep is 1", `against "nginx"`} {
		assert.ErrorContains(t, err, want)
	}
	for _, o := range []bench.Options{bench.Quick(), bench.Default(), bench.Soak(time.Hour)} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := bench.Reload(ctx, o, io.Discard)
		assert.ErrorIs(t, err, context.Canceled, "%s: the options are in order", o.Preset)
	}
}

func TestReadRefusesWhatIsNoReport(t *testing.T) {
	_, err := bench.Read(strings.NewReader("requests 7"))
	assert.ErrorContains(t, err, "not a report")
}

// A difference that every round has is no noise, and one that none has is.
func TestCompareTellsNoiseFromDifference(t *testing.T) {
	report := func(us ...float64) *bench.Report {
		return &bench.Report{Reloads: []bench.ReloadTime{{Rows: 10, Edit: "nothing", US: us}}}
	}
	var out bytes.Buffer
	require.NoError(t, report(20, 21, 22, 20.5, 21.5, 20.2).Compare(report(10, 11, 12, 10.5, 11.5, 10.2), &out))
	assert.Contains(t, out.String(), "+93")
	assert.Contains(t, out.String(), "(p=0.002 n=6)")
	out.Reset()
	require.NoError(t, report(10, 12, 11, 10.4, 11.6, 10.1).Compare(report(10, 11, 12, 10.5, 11.5, 10.2), &out))
	assert.Contains(t, out.String(), "~")
}
