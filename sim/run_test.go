package sim_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
)

const failover = `# The first key is rate limited, the second one answers.

provider alpha openai https://alpha.invalid/v1 keys k0 k1
upstream alpha.invalid
  key k0: 429 retry-after=5
  key k1: 200
reload
  => alpha enabled
request POST https://alpha.invalid/v1/chat/completions
  => alpha.invalid got POST /v1/chat/completions key=k0, answered 429
  => alpha.invalid got POST /v1/chat/completions key=k1, answered 200
  => client got 200
`

func parse(t *testing.T, text string) *drill.Drill {
	t.Helper()
	d, err := drill.Parse("test.drill", []byte(text))
	require.NoError(t, err)
	return d
}

func TestPlay(t *testing.T) {
	sim.Play(t, sim.Reference(), parse(t, failover))
}

func TestRunFollowsTheSeed(t *testing.T) {
	d := parse(t, failover)
	one := sim.Run(t, sim.Reference(), d, sim.Options{Seed: 7})
	require.Equal(t, sim.Passed, one.Outcome(), one.Story(""))
	two := sim.Run(t, sim.Reference(), d, sim.Options{Seed: 7})
	assert.Empty(t, one.Trace.Difference(two.Trace))
	assert.Equal(t, one.Trace.Hash, two.Trace.Hash)
	other := sim.Run(t, sim.Reference(), d, sim.Options{Seed: 8})
	assert.NotEmpty(t, one.Trace.Difference(other.Trace), "another seed draws other latencies")

	pinned := sim.Run(t, sim.Reference(), parse(t, "seed 8\n"+failover), sim.Options{Seed: 7})
	assert.EqualValues(t, 8, pinned.Seed)
	assert.EqualValues(t, sim.DefaultSeed, sim.Run(t, sim.Reference(), d, sim.Options{}).Seed)
}

// The engine's promise: one seed, one trace, whatever the scheduler and the
// garbage collector do.
func TestDeterminism(t *testing.T) {
	text := `provider alpha openai https://alpha.invalid/v1 keys k0 k1
upstream alpha.invalid
  key k0: 429 retry-after=30
  key k1: 200
  key none: 401
reload
connect t1 alpha.invalid:443
connect t2 alpha.invalid:443
provider alpha rename alpha-v2
parallel
  send t1 POST /v1/chat/completions
  send t2 POST /v1/chat/completions body=64KiB
  request POST https://alpha.invalid/v1/chat/completions as c1 body="{\"stream\":true}"
  request POST https://alpha.invalid/v1/chat/completions as c2
  reload
send t1 POST /v1/chat/completions
advance 30s
request POST https://alpha.invalid/v1/chat/completions
`
	d := parse(t, text)
	for seed := range seeds(20) {
		first := sim.Run(t, sim.Reference(), d, sim.Options{Seed: seed + 1})
		require.NotEmpty(t, first.Trace.Text, first.Story(""))
		require.Equal(t, sim.Passed, first.Outcome(), first.Story(""))
		old := runtime.GOMAXPROCS(1)
		second := sim.Run(t, sim.Reference(), d, sim.Options{Seed: seed + 1})
		runtime.GOMAXPROCS(old)
		require.Empty(t, first.Trace.Difference(second.Trace), "seed %d", seed+1)
		require.Contains(t, first.Trace.Text, "\nties 0\n", "seed %d", seed+1)
	}
}

// wrong is the reference gateway with one thing done differently.
type wrong struct {
	sim.Gateway
	start  func(env *sim.Env)
	reload func(ctx context.Context) error
}

func (w *wrong) Start(ctx context.Context, env sim.Env) error {
	if w.start != nil {
		w.start(&env)
	}
	return w.Gateway.Start(ctx, env)
}

func (w *wrong) Reload(ctx context.Context) error {
	if w.reload != nil {
		if err := w.reload(ctx); err != nil {
			return err
		}
	}
	return w.Gateway.Reload(ctx)
}

func TestFindings(t *testing.T) {
	bridge := func(change func(r *http.Request, w http.ResponseWriter)) func(*sim.Env) {
		return func(env *sim.Env) {
			env.WrapBridge = func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					change(r, w)
					next.ServeHTTP(w, r)
				})
			}
		}
	}
	tests := []struct {
		name string
		gw   *wrong
		want string // a finding's check and a part of its text
	}{
		{"a goroutine that never ends", &wrong{reload: func(context.Context) error {
			go func() { <-make(chan int) }()
			return nil
		}}, "nothing-leaks: a goroutine is left after Stop"},
		{"a request that never ends", &wrong{start: bridge(func(r *http.Request, _ http.ResponseWriter) {
			<-r.Context().Done()
		})}, "every-request-ends: client's POST /v1/chat/completions never ended"},
		{"a connection that nobody closes", &wrong{start: func(env *sim.Env) {
			bridge(func(r *http.Request, _ http.ResponseWriter) { env.Dial(r.Context(), "tcp", "alpha.invalid:443") })(env)
		}}, "nothing-leaks: connection gateway>alpha.invalid#1 is still open after Stop"},
		{"a body that is not replayed", &wrong{start: bridge(func(r *http.Request, _ http.ResponseWriter) {
			r.Body = http.NoBody
			r.ContentLength = 0
		})}, "replay-is-identical: attempt 1 of client carried 0 bytes"},
		{"a key in an answer", &wrong{start: func(env *sim.Env) {
			env.WrapBridge = func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					rows, _ := env.Providers.Providers(r.Context())
					w.Header().Set("X-Debug", rows[0].Keys[0])
					next.ServeHTTP(w, r)
				})
			}
		}}, "no-key-downstream: pool key k0 is in client's answer"},
		{"a token that goes upstream", &wrong{start: func(env *sim.Env) {
			token := env.Tokens[0]
			bridge(func(r *http.Request, _ http.ResponseWriter) { r.Header.Set("X-Forwarded-Token", token) })(env)
		}}, "no-token-upstream: alpha.invalid got the gateway token token"},
		{"a key in the log", &wrong{start: func(env *sim.Env) {
			log, source := env.Logger, env.Providers
			bridge(func(r *http.Request, _ http.ResponseWriter) {
				rows, _ := source.Providers(r.Context())
				log.Info("using", "key", rows[0].Keys[1])
			})(env)
		}}, "no-key-downstream: pool key k1 is in the log"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.gw.Gateway = sim.Reference()
			v := sim.Run(t, test.gw, parse(t, failover), sim.Options{})
			require.Empty(t, v.Error)
			assert.Contains(t, v.Story(""), test.want)
			assert.Equal(t, sim.Failed, v.Outcome())
		})
	}
}

// A gateway that waits for itself is found at once, in virtual time.
func TestDeadlockIsAFinding(t *testing.T) {
	gw := &wrong{Gateway: sim.Reference(), reload: func(context.Context) error {
		<-make(chan int)
		return nil
	}}
	v := sim.Run(t, gw, parse(t, failover), sim.Options{})
	require.Equal(t, sim.Failed, v.Outcome())
	assert.Equal(t, `test failed on seed 1
  The first key is rate limited, the second one answers.

  no-deadlock: every goroutine waits for another, and no timer is left to wake one

  test.drill:7:1  reload
`, v.Story(""))
}

func TestWrongLineIsShownBesideTheRightOne(t *testing.T) {
	text := strings.Replace(failover, "client got 200", "client got 502", 1)
	v := sim.Run(t, sim.Reference(), parse(t, text), sim.Options{Seed: 3})
	require.Equal(t, sim.Failed, v.Outcome())
	assert.Equal(t, `test failed on seed 3
  The first key is rate limited, the second one answers.

  test.drill:9:1  request POST https://alpha.invalid/v1/chat/completions
      expected                                                         │ observed
      alpha.invalid got POST /v1/chat/completions key=k0, answered 429 │ alpha.invalid got POST /v1/chat/completions key=k0, answered 429
      alpha.invalid got POST /v1/chat/completions key=k1, answered 200 │ alpha.invalid got POST /v1/chat/completions key=k1, answered 200
    ✗ client got 502                                                   │ client got 200

  replay: gatedrill replay test.drill --seed 3
`, v.Story("gatedrill replay test.drill --seed 3"))
}

func TestUnaskedAnswersAndUnmatchedRequestsFail(t *testing.T) {
	text := strings.Replace(failover, "key k1: 200", "key k1: 200, then 401", 1)
	text = strings.Replace(text, "keys k0 k1", "keys k0 k1 k2", 1)
	text += "request POST https://alpha.invalid/v1/chat/completions key=stray\n"
	v := sim.Run(t, sim.Reference(), parse(t, text), sim.Options{})
	require.Equal(t, sim.Failed, v.Outcome())
	story := v.Story("")
	assert.Contains(t, story, `script-is-played: alpha.invalid: key k1: answer 2 of 2 "401" was never asked for`)
	assert.Contains(t, story, `script-is-played: alpha.invalid: no rule answers POST /v1/chat/completions key=stray (rules: key k0, key k1)`)
}

func TestGatewayThatCannotStartIsTheHarnessesFault(t *testing.T) {
	v := sim.Run(t, &broken{}, parse(t, failover), sim.Options{})
	assert.Equal(t, sim.Broken, v.Outcome())
	assert.Contains(t, v.Story(""), "the harness could not go on: sim: start the gateway: no")
}

type broken struct{}

func (*broken) Start(context.Context, sim.Env) error { return fmt.Errorf("no") }
func (*broken) Reload(context.Context) error         { return nil }
func (*broken) Stop(context.Context) error           { return nil }

// A gateway that draws from math/rand's global source is not exact, and running
// twice says so.
func TestUnseededRandomnessShows(t *testing.T) {
	gw := &wrong{Gateway: sim.Reference(), reload: func(context.Context) error {
		time.Sleep(time.Duration(rand.Int64N(int64(time.Hour))))
		return nil
	}}
	one := sim.Run(t, gw, parse(t, failover), sim.Options{})
	two := sim.Run(t, gw, parse(t, failover), sim.Options{})
	assert.NotEmpty(t, one.Trace.Difference(two.Trace))
}

// Without an inspector, what only it could tell matches whatever a drill says.
func TestForeignGatewayIsNotAskedWhatItCannotTell(t *testing.T) {
	gw := struct{ sim.Gateway }{sim.Reference()}
	v := sim.Run(t, gw, parse(t, failover+"expect keys alpha\n  => alpha k0 cooling 5s (429)\n  => alpha k1 available\nexpect snapshot\n  => snapshot anything\n"), sim.Options{})
	assert.Equal(t, sim.Passed, v.Outcome(), v.Story(""))
	assert.Contains(t, v.Steps[2].Got, "alpha (not observed)")
}

// Members at the end of a drill are what @name stands for, on both sides.
func TestMembers(t *testing.T) {
	text := `provider alpha openai https://alpha.invalid/v1 keys k0
upstream alpha.invalid
  key k0: 200 body=@answer.json
reload
request POST https://alpha.invalid/v1/chat/completions body=@question.json
  => alpha.invalid got POST /v1/chat/completions key=k0, answered 200
  => client got 200
-- answer.json --
{"answer":42}
-- question.json --
{"question":"?"}
`
	v := sim.Run(t, sim.Reference(), parse(t, text), sim.Options{})
	require.Equal(t, sim.Passed, v.Outcome(), v.Story(""))
	assert.Contains(t, v.Trace.Text, "client got 200 | 14 bytes")
	assert.Contains(t, v.Trace.Text, "answered 200 | 17 bytes")
}
