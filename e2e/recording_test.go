package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/proxy/record"
)

// sdksRecording is what TestSDKsAreRecorded wrote with -update; package sim/recording plays it again.
var sdksRecording = filepath.Join("..", "sim", "recording", "testdata", "sdks.ndjson")

// TestSDKsAreRecorded: `gatedrill serve --record` writes down what both SDKs do through both of its listeners: answers
// and streams, a failover, a stream that is cut off, a pool that is exhausted. It is what is checked in, and
// `gatedrill replay` says that a gateway decides the same.
func TestSDKsAreRecorded(t *testing.T) {
	up := fakeupstream.NewTLSServer(t, `
key k0: 200 text="one", then 200 text="two and three", then 429 retry-after=600
key k1: 200 text="four", then 200 text="five, six, seven and eight" truncate after=event:3, then 200 text="nine"
key k2: 200 text="ten", then 200 text="eleven and twelve", then 429 retry-after=30
`)
	trust, dir := filepath.Join(t.TempDir(), "upstream.pem"), filepath.Join(t.TempDir(), "recording")
	require.NoError(t, os.WriteFile(trust, up.CA().PEM(), 0o600))
	_, port, _ := strings.Cut(up.Addr(), ":")
	alpha, beta := "https://127.0.0.1:"+port, "https://localhost:"+port
	g := serveWith(t, token, fmt.Sprintf(`
tunnel: deny
ports: [%s]
upstream_ca_file: %s
providers:
  - {name: alpha, type: openai, base_url: '%s', keys: [%s, %s]}
  - {name: beta, type: anthropic, base_url: '%s', keys: [%s]}
`, port, trust, alpha, up.Secret("k0"), up.Secret("k1"), beta, up.Secret("k2")), "GATEDRILL_RECORD="+dir)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tunnel, base := modes[0], modes[2]
	openai, anthropic := tunnel.way(t, g, "alpha", alpha), base.way(t, g, "beta", beta)
	openaiByURL, anthropicByTunnel := base.way(t, g, "alpha", alpha), tunnel.way(t, g, "beta", beta)
	ask := func(want, by func() (string, error)) {
		text, err := by()
		expected, _ := want()
		require.NoError(t, err)
		require.Equal(t, expected, text)
	}
	say := func(text string) func() (string, error) { return func() (string, error) { return text, nil } }
	ask(say("one"), func() (string, error) { return askOpenAI(ctx, openai, 0, false) })
	ask(say("ten"), func() (string, error) { return askAnthropic(ctx, anthropic, 0, false) })
	ask(say("two and three"), func() (string, error) { return askOpenAI(ctx, openaiByURL, 0, true) })
	ask(say("eleven and twelve"), func() (string, error) { return askAnthropic(ctx, anthropicByTunnel, 0, true) })
	ask(say("four"), func() (string, error) { return askOpenAI(ctx, openai, 0, false) }) // k0 is limited
	_, err := askOpenAI(ctx, openai, 0, true)
	require.Error(t, err, "the stream was cut off")
	ask(say("nine"), func() (string, error) { return askOpenAI(ctx, openaiByURL, 0, false) })
	_, err = askAnthropic(ctx, anthropicByTunnel, 0, true)
	require.Equal(t, http.StatusTooManyRequests, refusal(t, err).StatusCode, "no key is left")
	up.AssertKeys("k0", "k2", "k0", "k2", "k0", "k1", "k1", "k1", "k2")
	g.stop()

	made, err := record.ReadPath(dir)
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(dir, "recording-000001.ndjson"))
	require.NoError(t, err)
	for _, secret := range []string{token, up.Secret("k0"), up.Secret("k1"), up.Secret("k2"), "hello"} {
		assert.False(t, strings.Contains(string(text), secret), secret)
	}
	if *update {
		require.NoError(t, os.WriteFile(sdksRecording, text, 0o644))
	}
	kept, err := record.ReadPath(sdksRecording)
	require.NoError(t, err)
	assert.Equal(t, story(kept), story(made), "what is checked in is out of date: go test -run Recorded -update")

	said := run(t, nil, "replay", dir)
	<-said.ended
	require.NoError(t, said.err, said.output())
	assert.Contains(t, said.output(), "the same decisions about 8 requests")
}

// story is what of a recording is the same each time: not the instants, the ports and the sizes of chunks.
func story(rec *record.Recording) (lines []string) {
	for _, f := range rec.Runs[0].Facts {
		switch f.Kind {
		case record.KindRequest, record.KindAttempt, record.KindAnswer, record.KindEnd, record.KindDone:
			lines = append(lines, strings.Join(strings.Fields(fmt.Sprintln(f.Kind, f.Via, f.Method, f.Path, f.Try, f.Key, f.Status, f.How, f.Provider,
				f.Header["Retry-After"], f.Header["User-Agent"])), " "))
		}
	}
	return lines
}
