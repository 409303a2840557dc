package trace_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/simnet"
	"github.com/gatedrill/gatedrill/sim/trace"
)

func text(seed uint64, drill string) string {
	log := trace.NewLog(func() time.Duration { return 7 })
	log.Observe(trace.SnapshotIs{Text: "of " + drill})
	return log.Trace(trace.Header{Drill: drill, Seed: seed}).Text
}

func TestFind(t *testing.T) {
	file := text(1, "a") + text(1, "ab") + text(2, "a")
	for _, want := range []struct {
		drill string
		seed  uint64
	}{{"a", 1}, {"ab", 1}, {"a", 2}} {
		got, err := trace.Find(file, want.drill, want.seed)
		require.NoError(t, err)
		assert.Equal(t, text(want.seed, want.drill), got.Text)
	}
	_, err := trace.Find(file, "b", 1)
	assert.ErrorIs(t, err, trace.ErrNotFound)
	_, err = trace.Find("reload\n", "a", 1)
	assert.ErrorContains(t, err, `the first line is not "gatedrill trace 1"`)
}

func TestDifference(t *testing.T) {
	a, b := trace.Of(text(1, "a")), trace.Of(text(2, "a"))
	assert.Empty(t, a.Difference(a))
	assert.Equal(t, `line 3 is "seed 1", and then "seed 2"`, a.Difference(b))
	assert.Equal(t, "6 lines, and then 7", a.Difference(trace.Of(a.Text+"\n")))
	assert.NotEqual(t, a.Hash, b.Hash)
}

// What is observed between two deliveries is put in order; a delivery is never
// crossed.
func TestOrderWithinADelivery(t *testing.T) {
	log := trace.NewLog(func() time.Duration { return 0 })
	observe := func(client string) { log.Observe(trace.ClientGot{Client: client, Status: 200}) }
	log.Begin(0, "parallel")
	observe("c")
	observe("b")
	log.Deliver(simnet.Delivery{At: 1, Conn: "t1", Dir: simnet.Out})
	observe("d")
	observe("a")
	want := `gatedrill trace 1
drill x
seed 1
ties 0
step 1 parallel
0 = b got 200 | 0 bytes e3b0c44298fc1c14
0 = c got 200 | 0 bytes e3b0c44298fc1c14
1 t1 > 0 open
0 = a got 200 | 0 bytes e3b0c44298fc1c14
0 = d got 200 | 0 bytes e3b0c44298fc1c14
end
`
	assert.Equal(t, want, log.Trace(trace.Header{Drill: "x", Seed: 1}).Text)
	var got []string
	for _, o := range log.Of(0) {
		got = append(got, o.Fact.Actor().Name)
	}
	assert.Equal(t, []string{"a", "b", "c", "d"}, got, "a step's observations are in canonical order")
	assert.Empty(t, log.Of(1))
}
