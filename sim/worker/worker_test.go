package worker_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/worker"
)

// TestMain lets this test binary be its own worker.
func TestMain(m *testing.M) {
	if worker.Active() {
		worker.Main(newGateway)
	}
	os.Exit(m.Run())
}

const drillText = `provider alpha openai https://alpha.invalid/v1 keys k0
upstream alpha.invalid
  key k0: 200
reload
request POST https://alpha.invalid/v1/chat/completions
  => alpha.invalid got POST /v1/chat/completions key=k0, answered 200
  => client got 200
`

// newGateway makes the gateways of these tests, by what is wrong with them.
func newGateway(name string) (sim.Gateway, error) {
	g := &wrong{Gateway: sim.Reference()}
	switch name {
	case "":
	case "panics":
		g.bridge = func(http.ResponseWriter, *http.Request) {
			done := make(chan bool)
			go blowUp(done)
			<-done
		}
	case "holds a lock":
		var mu sync.Mutex
		g.bridge = func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			go mu.Lock()     // somebody else wants it …
			<-make(chan int) // … while its holder waits for the network
		}
	case "reads a real file":
		g.bridge = func(http.ResponseWriter, *http.Request) {
			r, w, err := os.Pipe()
			if err != nil {
				panic(err)
			}
			defer w.Close()
			_, _ = r.Read(make([]byte, 1))
		}
	case "spins":
		g.bridge = func(http.ResponseWriter, *http.Request) {
			for spinning := true; spinning; {
				spinning = name != ""
			}
		}
	default:
		return nil, fmt.Errorf("no gateway %q", name)
	}
	return g, nil
}

func blowUp(done chan bool) {
	m := counters(nil)
	m["boom"] = 1
	close(done)
}

// counters hides from the compiler what it could warn of.
func counters(m map[string]int) map[string]int { return m }

type wrong struct {
	sim.Gateway
	bridge func(http.ResponseWriter, *http.Request)
}

func (g *wrong) Start(ctx context.Context, env sim.Env) error {
	env.WrapBridge = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if g.bridge != nil {
				g.bridge(w, r)
			}
			next.ServeHTTP(w, r)
		})
	}
	return g.Gateway.Start(ctx, env)
}

func play(t *testing.T, p worker.Pool, jobs ...worker.Job) []*sim.Verdict {
	t.Helper()
	var verdicts []*sim.Verdict
	require.NoError(t, p.Play(context.Background(), jobs, func(i int, v *sim.Verdict) {
		require.Equal(t, len(verdicts), i, "verdicts come in the order of jobs")
		verdicts = append(verdicts, v)
	}))
	require.Len(t, verdicts, len(jobs))
	return verdicts
}

func TestTracesAreTheSameInAnyProcess(t *testing.T) {
	var jobs []worker.Job
	for seed := range uint64(8) {
		jobs = append(jobs, worker.Job{File: "one.drill", Text: drillText, Seed: seed + 1})
	}
	first := play(t, worker.Pool{Workers: 2}, jobs...)
	second := play(t, worker.Pool{Workers: 1, Env: []string{"GOMAXPROCS=1", "GOGC=5"}}, jobs...)
	for i, v := range first {
		require.Equal(t, sim.Passed, v.Outcome(), v.Story(""))
		assert.Empty(t, v.Trace.Difference(second[i].Trace))
		assert.EqualValues(t, i+1, v.Seed)
	}
	jobs[0].Untraced = true
	untraced := play(t, worker.Pool{Workers: 1}, jobs[0])[0].Trace
	assert.Empty(t, untraced.Text)
	assert.Equal(t, first[0].Trace.Hash, untraced.Hash)
}

// What a gateway does to its process is one drill's finding; the drills beside
// it are played all the same.
func TestGatewaysThatTakeTheirProcessDown(t *testing.T) {
	tests := []struct {
		gateway string
		want    []string
	}{
		{"panics", []string{"no-panic", "panic: assignment to entry in nil map, in worker_test.blowUp (worker_test.go:"}},
		{"holds a lock", []string{"no-lock-across-io", "a lock was held across I/O", "worker_test.newGateway"}},
		{"reads a real file", []string{"stays-virtual", "the gateway left the virtual world", "worker_test.newGateway"}},
	}
	for _, test := range tests {
		t.Run(test.gateway, func(t *testing.T) {
			good := worker.Job{File: "good.drill", Text: drillText}
			bad := worker.Job{File: "bad.drill", Text: drillText, Gateway: test.gateway}
			verdicts := play(t, worker.Pool{Workers: 1}, good, bad, good)
			assert.Equal(t, sim.Passed, verdicts[0].Outcome(), verdicts[0].Story(""))
			assert.Equal(t, sim.Passed, verdicts[2].Outcome(), verdicts[2].Story(""))
			assert.Equal(t, sim.Failed, verdicts[1].Outcome())
			assert.Equal(t, "bad", verdicts[1].Drill)
			for _, want := range test.want {
				assert.Contains(t, verdicts[1].Story(""), want)
			}
		})
	}
}

// A loop that no virtual clock can end is ended by the real one.
func TestGatewayThatSpins(t *testing.T) {
	job := worker.Job{File: "bad.drill", Text: drillText, Gateway: "spins"}
	verdicts := play(t, worker.Pool{Workers: 1, Limit: 3 * time.Second}, job)
	assert.Contains(t, verdicts[0].Story(""), "the run did not end within 3s of real time")
}

func TestWhatTheHarnessCannotDoIsAnError(t *testing.T) {
	verdicts := play(t, worker.Pool{},
		worker.Job{File: "a.drill", Text: drillText, Gateway: "nobody's"},
		worker.Job{File: "b.drill", Text: "frobnicate\n"})
	assert.Equal(t, sim.Broken, verdicts[0].Outcome())
	assert.Contains(t, verdicts[0].Error, `no gateway "nobody's"`)
	assert.Equal(t, sim.Broken, verdicts[1].Outcome())
	assert.Contains(t, verdicts[1].Error, "b.drill:1:1")
}

func TestPlayEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var jobs []worker.Job
	for range 50 {
		jobs = append(jobs, worker.Job{File: "one.drill", Text: drillText})
	}
	seen := 0
	err := worker.Pool{Workers: 1}.Play(ctx, jobs, func(int, *sim.Verdict) {
		if seen++; seen == 2 {
			cancel()
		}
	})
	assert.ErrorIs(t, err, context.Canceled)
	assert.Less(t, seen, len(jobs))
}
