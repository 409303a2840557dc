package sim_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
)

const inRealTime = `gateway base-url=on
provider alpha openai https://alpha.invalid keys k0 k1
provider beta openai https://beta.invalid keys b0
upstream alpha.invalid
  key k0: 429 retry-after=86400
  key k1: 200, then 200 stream events=3, then 200, then 200 delay=1s, then 200 stall after=status
upstream beta.invalid
  key b0: 429 retry-after=30, then 200
reload
connect t1 alpha.invalid:443
send t1 POST /v1/chat/completions
  => alpha.invalid got POST /v1/chat/completions key=k0, answered 429
  => alpha.invalid got POST /v1/chat/completions key=k1, answered 200
  => t1 got 200
send t1 POST /v1/chat/completions body="{\"stream\":true}"
  => alpha.invalid got POST /v1/chat/completions key=k1, answered 200
  => t1 got 200
close t1
request POST http://gateway.invalid/api/v2/aibridge/beta/v1/chat/completions via=base-url
advance 31s
request POST https://beta.invalid/v1/chat/completions
  => beta.invalid got POST /v1/chat/completions key=b0, answered 200
  => client got 200
request GET http://alpha.invalid/v1/models via=absolute
  => alpha.invalid got GET /v1/models key=k1, answered 200
  => client got 200
start r1 request POST https://alpha.invalid/v1/chat/completions as r1
source fails "down"
reload
source heals
await r1
start r2 request POST https://alpha.invalid/v1/chat/completions as r2
cancel r2
heal alpha k0
`

// A drill plays on real sockets with what it says, and cooldowns go by as fast as the clock.
func TestADrillPlaysInRealTime(t *testing.T) {
	d, err := drill.Parse("realtime.drill", []byte(inRealTime))
	require.NoError(t, err)
	var mu sync.Mutex
	var lines []string
	tell := func(_ time.Duration, text string) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, text)
	}
	v, err := sim.RunInRealTime(t.Context(), sim.Reference(), d, sim.RealTime{Speed: 100, Step: tell, Saw: tell})
	require.NoError(t, err)
	assert.Equal(t, sim.Passed, v.Outcome(), v.Error+v.Story(""))
	assert.GreaterOrEqual(t, time.Duration(v.Virtual), 31*time.Second)
	told := strings.Join(lines, "\n")
	before, after, found := strings.Cut(told, "\nadvance 31s\n")
	require.True(t, found, told)
	assert.Contains(t, before, "\nclient got 429 retry-after=")
	assert.Contains(t, after, "\nclient got 200")
	for _, want := range []string{"start r1 request", "r1 got 200", "r2 left", "reload failed"} {
		assert.Contains(t, after, want)
	}
}

// An end in the middle ends it in good order, with what was seen until then.
func TestRealTimeIsInterrupted(t *testing.T) {
	d, err := drill.Parse("realtime.drill", []byte("provider alpha openai https://alpha.invalid keys k0\nupstream alpha.invalid\n  key k0: 200\nreload\nadvance 24h\nreload\n"))
	require.NoError(t, err)
	ctx, cancel := context.WithCancelCause(t.Context())
	v, err := sim.RunInRealTime(ctx, sim.Reference(), d, sim.RealTime{Step: func(_ time.Duration, text string) {
		if strings.HasPrefix(text, "advance") {
			cancel(errors.New("enough"))
		}
	}})
	require.NoError(t, err)
	assert.Contains(t, v.Error, "enough")
	assert.Equal(t, []string{"alpha enabled"}, v.Steps[2].Got)
	assert.Empty(t, v.Steps[4].Got)
}

// What real sockets cannot do is said before anything is played, each with its place.
func TestWhatRealTimeCannotDo(t *testing.T) {
	d, err := drill.Parse("cut.drill", []byte("provider alpha openai https://alpha.invalid keys k0\nupstream alpha.invalid\n  key k0: 200\nreload\nnet gateway>alpha.invalid cut\nexpect connections alpha.invalid\nstop within=1s\n"))
	require.NoError(t, err)
	_, err = sim.RunInRealTime(t.Context(), sim.Reference(), d, sim.RealTime{})
	require.ErrorIs(t, err, sim.ErrNotInRealTime)
	for _, want := range []string{"cut.drill:5:1: net", "cut.drill:6:1: expect", "cut.drill:7:1: stop"} {
		assert.ErrorContains(t, err, want)
	}
}
