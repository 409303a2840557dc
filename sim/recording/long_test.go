package recording_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy/record"
	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/recording"
)

var (
	requests = flag.Int("requests", 384, "how many requests the long recording has, over a day of virtual time")
	keep     = flag.String("keep", "", "the file to write the long recording to; empty: none")
)

// day is a drill of a day's demand: clients that keep their tunnels for half an hour, and send
// one by one and at the same time, keys that run into their limits, and an edit and a
// reload every hour.
func day(requests int) string {
	var b strings.Builder
	b.WriteString(`gateway base-url=on
provider alpha openai https://alpha.invalid/v1 keys k0 k1 k2
provider beta anthropic https://beta.invalid keys b0 b1
upstream alpha.invalid
  key k0 end=loop: 200 times=5, then 200 delay=120ms, then 200 stream events=5 every=40ms, then 429 retry-after=7
  key k1 end=loop: 200 delay=30ms, then 429 retry-after=3 times=2
  key k2 end=loop: 200
upstream beta.invalid
  key b0 end=loop: 200 times=5, then 529
  key b1 end=loop: 200
reload
`)
	const parts, round = 48, 8 // requests
	rounds := max((requests+parts*round-1)/(parts*round), 1)
	pause := whole(min(24*time.Hour/parts/time.Duration(rounds)/2, 30*time.Second)) // tunnels are not idle for longer
	for p := range parts {
		if p%2 == 1 {
			fmt.Fprintf(&b, "provider beta set keys b0 b1 hour%d\nreload\n", p/2)
		}
		fmt.Fprintf(&b, "connect a%d alpha.invalid:443\nconnect b%d beta.invalid:443\n", p, p)
		for r := range rounds {
			n := p*rounds + r
			fmt.Fprintf(&b, "send a%[1]d POST /v1/chat/completions\nsend b%[1]d POST /v1/messages\nsend a%[1]d POST /v1/chat/completions\nadvance %[2]s\n", p, pause)
			fmt.Fprintf(&b, "start x%[1]d send a%[2]d POST /v1/chat/completions\nstart y%[1]d send b%[2]d POST /v1/messages\nawait x%[1]d\nawait y%[1]d\n", n, p)
			fmt.Fprintf(&b, "send a%[1]d POST /v1/responses\nrequest POST http://gateway.invalid/api/v2/aibridge/alpha/v1/embeddings via=base-url\n", p)
			fmt.Fprintf(&b, "send a%d GET /v1/models\nadvance %s\n", p, pause)
		}
		fmt.Fprintf(&b, "close a%d\nclose b%d\n", p, p)
	}
	return b.String()
}

// whole writes a duration as drills do.
func whole(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }

// A long recording is decided the same when it is played again. With -requests 100000 it is
// a day of a small gateway, and -keep writes it down, so that the command line can play it.
func TestALongRecordingPlaysAgain(t *testing.T) {
	began := time.Now()
	v, lines := recordedText(t, day(*requests), 1)
	t.Logf("recorded %s of virtual time, %d MiB, in %s", time.Duration(v.Virtual), len(lines)>>20, time.Since(began))
	if *keep != "" {
		require.NoError(t, os.WriteFile(*keep, []byte(lines), 0o600))
	}
	began = time.Now()
	rec, err := record.Read("memory", strings.NewReader(lines))
	require.NoError(t, err)
	t.Logf("read in %s", time.Since(began))
	began = time.Now()
	s, err := recording.Convert("long", rec.Runs[0], recording.Options{})
	require.NoError(t, err)
	t.Logf("converted in %s", time.Since(began))
	assert.GreaterOrEqual(t, s.Recorded().Requests, *requests)
	assert.Greater(t, s.Recorded().Attempts, *requests, "keys have run into their limits")
	began = time.Now()
	again := replayed(t, s, 1)
	t.Logf("replayed in %s", time.Since(began))
	assert.InEpsilon(t, v.Virtual, again.Virtual, 0.01)
	began = time.Now()
	assert.Nil(t, s.Compare(again))
	t.Logf("compared in %s", time.Since(began))
	assert.Equal(t, sim.Passed, again.Outcome())
}
