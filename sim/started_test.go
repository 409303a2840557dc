package sim_test

import (
	"io"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim"
)

// Much that goes on at the same time: streams, held and cancelled, uploads that
// trickle, and reloads that wait for their source.
const busy = `provider alpha openai https://alpha.invalid/v1 keys k0
upstream alpha.invalid
  key k0: 200 stream events=5 every=700ms
  key none: 401
upstream beta.invalid
  key any: 200 stream events=3 hold at=event:1 reset after=event:2, then 200 stream events=3 hold at=event:1 reset after=event:2
reload
connect t1 alpha.invalid:443
connect t2 alpha.invalid:443
connect t3 beta.invalid:443
connect t4 beta.invalid:443
start s1 send t1 POST /v1/chat/completions
start s2 send t2 POST /v1/chat/completions framing=chunked every=300ms
start s3 send t3 POST /v1/chat/completions
start s4 send t4 POST /v1/chat/completions
source stalls
provider alpha rename beta
start r1 reload
start r2 reload
provider beta rename gamma
start r3 reload
start c1 connect t5 alpha.invalid:443
start q1 request POST https://alpha.invalid/v1/chat/completions as c9
advance 1s
release beta.invalid
cancel r2
parallel
  request POST https://alpha.invalid/v1/chat/completions as c2
  advance 1500ms
source slow 200ms
await r1
await r3
cancel s1
await c1
send t5 POST /v1/chat/completions
await s3
await s4
await s2
await q1
`

// Steps that go on beside others are a part of the promise: one seed, one trace.
func TestStartedStepsAreExact(t *testing.T) {
	d := parse(t, busy)
	for seed := range seeds(50) {
		first := sim.Run(t, sim.Reference(), d, sim.Options{Seed: seed + 1})
		require.Equal(t, sim.Passed, first.Outcome(), first.Story(""))
		for _, procs := range []int{1, 2} {
			old := runtime.GOMAXPROCS(procs)
			again := sim.Run(t, sim.Reference(), d, sim.Options{Seed: seed + 1})
			runtime.GOMAXPROCS(old)
			require.Empty(t, first.Trace.Difference(again.Trace), "seed %d, GOMAXPROCS %d", seed+1, procs)
			require.Equal(t, first.Observed(), again.Observed(), "seed %d, GOMAXPROCS %d", seed+1, procs)
		}
		require.Contains(t, first.Trace.Text, "\nties 0\n", "seed %d", seed+1)
	}
}

const paced = `provider alpha openai https://alpha.invalid/v1 keys k0
upstream alpha.invalid
  key k0: 200 stream events=3 every=1s
reload
start s1 request POST https://alpha.invalid/v1/chat/completions as c1
advance 1500ms
await s1
`

// A gateway that holds events back is found, and one that does not is not.
func TestEventsThatAreHeldBackAreFound(t *testing.T) {
	v := sim.Run(t, sim.Reference(), parse(t, paced), sim.Options{})
	require.Equal(t, sim.Passed, v.Outcome(), v.Story(""))
	assert.Equal(t, []string{"alpha.invalid got POST /v1/chat/completions key=k0, answered 200", "c1 has 200 and 1 event so far"}, v.Steps[3].Got)
	assert.Equal(t, []string{"c1 has 200 and 2 events so far"}, v.Steps[4].Got)
	assert.Equal(t, []string{"c1 got 200"}, v.Steps[5].Got)

	v = sim.Run(t, &wrong{Gateway: sim.Reference(), start: func(env *sim.Env) {
		env.WrapBridge = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(&hoarder{w}, r) })
		}
	}}, parse(t, paced), sim.Options{})
	require.Equal(t, sim.Failed, v.Outcome())
	assert.Contains(t, v.Story(""), "stream-flows: alpha.invalid sent event 2, then paused for 1s and sent the next one: c1 had not got it by then")
}

// hoarder is a writer that nobody can flush.
type hoarder struct{ w http.ResponseWriter }

func (h *hoarder) Header() http.Header         { return h.w.Header() }
func (h *hoarder) WriteHeader(status int)      { h.w.WriteHeader(status) }
func (h *hoarder) Write(p []byte) (int, error) { return h.w.Write(p) }
func (h *hoarder) FlushError() error           { return nil }

// A step that never ends is broken off, and seen to be.
func TestAStepThatNeverEnds(t *testing.T) {
	v := sim.Run(t, sim.Reference(), parse(t, "source stalls\nstart r1 reload\nawait r1\n"), sim.Options{})
	require.Empty(t, v.Error)
	assert.Equal(t, []string{
		"reload failed: proxy: refresh ai providers for proxy routing: cancelled; live is the same snapshot",
		"r1 did not end within 1h0m0s",
	}, v.Steps[2].Got)
	assert.GreaterOrEqual(t, time.Duration(v.Virtual), time.Hour)
}

// A client that waits for leave to send its body waits for a second, and no more.
func TestAClientWaitsForLeaveToSendItsBody(t *testing.T) {
	text := `provider alpha openai https://alpha.invalid/v1 keys k0
upstream alpha.invalid
  key k0: 200
reload
request POST https://alpha.invalid/v1/chat/completions body=64KiB expect=continue
`
	v := sim.Run(t, sim.Reference(), parse(t, text), sim.Options{})
	require.Equal(t, sim.Passed, v.Outcome(), v.Story(""))
	assert.Contains(t, v.Steps[3].Got, "client got 100")
	assert.Less(t, time.Duration(v.Virtual), time.Second)

	v = sim.Run(t, &wrong{Gateway: sim.Reference(), start: func(env *sim.Env) {
		env.WrapBridge = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				timer := env.Clock.NewTimer(2 * time.Second)
				<-timer.C
				next.ServeHTTP(w, r)
			})
		}
	}}, parse(t, text), sim.Options{})
	require.Equal(t, sim.Passed, v.Outcome(), v.Story(""))
	assert.Equal(t, []string{"alpha.invalid got POST /v1/chat/completions key=k0, answered 200", "client got 200"}, v.Steps[3].Got)
	assert.GreaterOrEqual(t, time.Duration(v.Virtual), 2*time.Second)
}

// A gateway that swallows what nobody needs any more shows in how much a client
// could send.
func TestAnUploadThatNobodyStops(t *testing.T) {
	text := `gateway byok=deny
provider alpha openai https://alpha.invalid/v1 keys k0
reload
request POST https://alpha.invalid/v1/chat/completions key=own body=8MiB every=1s
`
	v := sim.Run(t, sim.Reference(), parse(t, text), sim.Options{})
	assert.Equal(t, []string{"client got 403, and could send 2 of 10 pieces"}, v.Steps[3].Got)

	v = sim.Run(t, &wrong{Gateway: sim.Reference(), start: func(env *sim.Env) {
		env.WrapBridge = func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/1 has it
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.Copy(io.Discard, r.Body) // to its end, whatever comes
			})
		}
	}}, parse(t, text), sim.Options{})
	assert.Equal(t, []string{"client got 403"}, v.Steps[3].Got)
}
