package sim_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim"
)

const oneProvider = `provider alpha openai https://alpha.invalid/v1 keys k0
upstream alpha.invalid
  key k0: 200
upstream raw.invalid
  key none: 200
reload
connect t1 alpha.invalid:443
send t1 POST /v1/chat/completions
connect t2 raw.invalid:443
send t2 GET /v1/models
`

// A drill may end in the middle of whatever it did to the network, to its clients
// or to the gateway: how the world ends is not its story, and nothing is left.
func TestWorldsEndFromAnywhere(t *testing.T) {
	for _, last := range []string{
		"net *>* cut",
		"net gateway>* hold",
		"net *>gateway hold",
		"net *>* refuse",
		"net *>* latency 20m",
		"net *>* reset",
		"net *>gateway close",
		"net gateway>* close",
		"net gateway>* forget",
		"net *>gateway forget\nnet *>* cut",
		"connect t3 alpha.invalid:443 stall=connect\nconnect t4 alpha.invalid:443 stall=handshake\nconnect t5 raw.invalid:443 stall=request",
		"connect t3 raw.invalid:443 stall=handshake\nconnect t4 alpha.invalid:443 stall=hello\nadvance 1h",
		"stop within=1s",
		"net gateway>raw.invalid cut\nstop within=1s\nconnect t3 raw.invalid:443",
	} {
		v := sim.Run(t, sim.Reference(), parse(t, oneProvider+last+"\n"), sim.Options{})
		assert.Equal(t, sim.Passed, v.Outcome(), "%s\n%s", last, v.Story(""))
	}
}

// One seed, one trace, also when everything that a network can do is done.
func TestReplayOfANetworkThatMisbehaves(t *testing.T) {
	d := parse(t, oneProvider+`net gateway>alpha.invalid latency 3ms
net alpha.invalid>gateway hold
net alpha.invalid>gateway release
parallel
  send t1 POST /v1/chat/completions
  send t2 GET /v1/models
  request POST https://alpha.invalid/v1/chat/completions as c1
  request POST https://alpha.invalid/v1/chat/completions as c2
net alpha.invalid>gateway forget
send t1 POST /v1/chat/completions
connect t3 alpha.invalid:443 stall=handshake session=s
connect t4 alpha.invalid:443 hello=with-connect session=s
connect t5 alpha.invalid:443 session=s
net t5>gateway reset
net gateway>raw.invalid cut
advance 1m
stop within=10s
`)
	for seed := uint64(1); seed <= 20; seed++ {
		one := sim.Run(t, sim.Reference(), d, sim.Options{Seed: seed})
		require.Equal(t, sim.Passed, one.Outcome(), one.Story(""))
		old := runtime.GOMAXPROCS(1)
		two := sim.Run(t, sim.Reference(), d, sim.Options{Seed: seed})
		runtime.GOMAXPROCS(old)
		require.Empty(t, one.Trace.Difference(two.Trace), "seed %d", seed)
	}
}

// A drill that sends through a client which it has silenced is wrong, and not the
// gateway.
func TestSilentClientsSendNothing(t *testing.T) {
	v := sim.Run(t, sim.Reference(), parse(t, oneProvider+"connect t3 alpha.invalid:443 stall=hello\nsend t3 GET /\n"), sim.Options{})
	require.Equal(t, sim.Broken, v.Outcome())
	assert.Contains(t, v.Error, "t3 has gone silent, as stall= says")
}

// Held answers are no answer, and once they are released they are.
func TestHeldAnswersWait(t *testing.T) {
	const hour = "t1 got no answer: nothing within 1h0m0s"
	v := sim.Run(t, sim.Reference(), parse(t, oneProvider+"net alpha.invalid>gateway hold\nsend t1 POST /v1/chat/completions\n"), sim.Options{})
	got := strings.Join(v.Steps[len(v.Steps)-1].Got, "\n")
	assert.NotContains(t, got, hour, "the gateway's own limit comes first")
	assert.Contains(t, got, "t1 got 504")
}
