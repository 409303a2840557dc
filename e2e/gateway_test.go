package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/openai/openai-go/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// everyWay runs a test for each SDK, each way to the gateway, and with and without streaming.
func everyWay(t *testing.T, f func(t *testing.T, ctx context.Context, m mode, c caller, stream bool)) {
	for _, m := range modes {
		for _, c := range callers {
			for _, stream := range []bool{false, true} {
				name := fmt.Sprintf("%s/%s/stream=%t", m.name, c.vendor, stream)
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					f(t, ctx, m, c, stream)
				})
			}
		}
	}
}

// refusal is what the SDKs make of an answer that is an error.
func refusal(t *testing.T, err error) *http.Response {
	t.Helper()
	var fromOpenAI *openai.Error
	var fromAnthropic *anthropic.Error
	switch {
	case errors.As(err, &fromOpenAI):
		assert.NotEmpty(t, fromOpenAI.Message, "the error has the vendor's shape")
		return fromOpenAI.Response
	case errors.As(err, &fromAnthropic):
		assert.Contains(t, fromAnthropic.RawJSON(), `"error"`, "the error has the vendor's shape")
		return fromAnthropic.Response
	}
	require.FailNow(t, "no error of an SDK", "%v", err)
	return nil
}

// TestFailoverBehindTheSDK: the first key is limited; the SDK, which may not retry, sees one success, and nothing of
// the other answer. The next request does not try the limited key.
func TestFailoverBehindTheSDK(t *testing.T) {
	everyWay(t, func(t *testing.T, ctx context.Context, m mode, c caller, stream bool) {
		b := newBench(t, m, c.vendor, "key k0: 429 retry-after=600\nkey k1: 200 text=\"one two three\"", "k0", "k1")
		for range 2 {
			text, err := c.ask(ctx, b.way, 0, stream)
			require.NoError(t, err)
			assert.Equal(t, "one two three", text)
			assert.Equal(t, "central", b.way.credential())
			assert.Empty(t, b.way.answered.Header.Get("Retry-After"))
		}
		b.up.AssertKeys("k0", "k1", "k1")
	})
}

// TestExhaustedPoolReachesTheSDK: with every key limited the SDK's error is the gateway's 429 in the vendor's shape,
// with the shortest wait.
func TestExhaustedPoolReachesTheSDK(t *testing.T) {
	everyWay(t, func(t *testing.T, ctx context.Context, m mode, c caller, stream bool) {
		b := newBench(t, m, c.vendor, "key k0: 429 retry-after=3000\nkey k1: 429 retry-after=600", "k0", "k1")
		for range 2 {
			_, err := c.ask(ctx, b.way, 0, stream)
			resp := refusal(t, err)
			assert.Equal(t, http.StatusTooManyRequests, resp.StatusCode)
			wait, err := strconv.Atoi(resp.Header.Get("Retry-After"))
			require.NoError(t, err)
			assert.LessOrEqual(t, wait, 600)
			assert.Greater(t, wait, 600-int(patience.Seconds()), "what the test itself has taken is gone by")
		}
		b.up.AssertKeys("k0", "k1") // the second request asked nobody
	})
}

// TestTheSDKWaitsAsTold: an SDK that retries as it likes waits for as long as the gateway says, and that is enough.
func TestTheSDKWaitsAsTold(t *testing.T) {
	everyWay(t, func(t *testing.T, ctx context.Context, m mode, c caller, stream bool) {
		b := newBench(t, m, c.vendor, "key k0: 429 retry-after=1, then 200 text=\"at last\"", "k0")
		text, err := c.ask(ctx, b.way, defaultRetries, stream)
		require.NoError(t, err)
		assert.Equal(t, "at last", text)
		b.up.AssertKeys("k0", "k0")
		b.up.AssertRested()
	})
}

// TestOwnKeyOfTheSDK: what an SDK brings as its key goes up as it is, once, and its answer comes back as it is. In
// base-URL mode the gateway's token stands where that key would: whatever else does is refused.
func TestOwnKeyOfTheSDK(t *testing.T) {
	everyWay(t, func(t *testing.T, ctx context.Context, m mode, c caller, stream bool) {
		if m.name == "base url" {
			b := newBench(t, m, c.vendor, "key k0: 200", "k0")
			b.way.key = b.up.Secret("own")
			_, err := c.ask(ctx, b.way, 0, stream)
			assert.Equal(t, http.StatusUnauthorized, refusal(t, err).StatusCode)
			b.up.AssertKeys()
			b.way.key = token
			_, err = c.ask(ctx, b.way, 0, stream)
			require.NoError(t, err)
			return
		}
		b := newBench(t, m, c.vendor, "key own: 200 text=\"mine\", then 429 retry-after=7", "k0", "k1")
		b.way.key = b.up.Secret("own")
		text, err := c.ask(ctx, b.way, 0, stream)
		require.NoError(t, err)
		assert.Equal(t, "mine", text)
		assert.Equal(t, "own", b.way.credential())
		_, err = c.ask(ctx, b.way, 0, stream)
		resp := refusal(t, err)
		assert.Equal(t, "7", resp.Header.Get("Retry-After"), "the upstream's own")
		b.up.AssertKeys("own", "own")
	})
}

// TestToolsThroughTheGateway: a call of a tool and its result, over two requests.
func TestToolsThroughTheGateway(t *testing.T) {
	everyWay(t, func(t *testing.T, ctx context.Context, m mode, c caller, stream bool) {
		b := newBench(t, m, c.vendor, "key k0: 429 retry-after=600\nkey k1: 200 tools=get_weather strict, then 200 strict", "k0", "k1")
		called, err := c.use(ctx, b.way, stream)
		require.NoError(t, err)
		require.Len(t, called, 1)
		assert.Contains(t, called[0], "get_weather {")
		requests := b.up.Requests()
		require.Len(t, requests, 3)
		assert.Contains(t, string(requests[2].Body), "sunny")
		b.up.AssertKeys("k0", "k1", "k1")
	})
}

// TestEventsDoNotWaitForTheNext: an SDK reads an event while the upstream still holds the one after it.
func TestEventsDoNotWaitForTheNext(t *testing.T) {
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			b := newBench(t, m, "openai", `key k0: 200 stream text="1 2 3" hold at=event:2`, "k0")
			s := b.way.openai(0)
			stream := s.Chat.Completions.NewStreaming(ctx, chatParams())
			defer stream.Close()
			text := ""
			for released := false; stream.Next(); {
				for _, choice := range stream.Current().Choices {
					text += choice.Delta.Content
				}
				if !released && text == "1 2 " {
					require.NoError(t, until(func() bool { return b.up.Held() == 1 }), "the upstream holds the rest")
					b.up.Release()
					released = true
				}
			}
			require.NoError(t, stream.Err())
			assert.Equal(t, "1 2 3", text)
		})
	}
}

// TestTwoProcesses: the fakes and the gateway both as programs, and nothing of them in this one. The lines that they
// start with are all that is known of them.
func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	script, trust := filepath.Join(dir, "fakes.script"), filepath.Join(dir, "upstream.pem")
	require.NoError(t, os.WriteFile(script, []byte(`upstream vendors.invalid
  key k0: 429 retry-after=600
  key k1: 200 text="from openai"
  key k2: 529, then 200 times=3 text="from anthropic"
`), 0o600))
	up := run(t, nil, "upstream", "--script", script, "--tls", "--ca-out", trust)
	var address string
	up.await("where its hosts are", func(line string) bool {
		var ok bool
		address, ok = strings.CutPrefix(strings.TrimSpace(line), "vendors.invalid at https://")
		return ok
	})
	_, port, _ := strings.Cut(address, ":")
	g := serve(t, fmt.Sprintf(`
ports: [%s]
upstream_ca_file: %s
providers:
  - {name: alpha, type: openai, base_url: 'https://127.0.0.1:%s', keys: [sk-k0, sk-k1]}
  - {name: beta, type: anthropic, base_url: 'https://localhost:%s', keys: [sk-k2]}
`, port, trust, port, port))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, m := range modes {
		text, err := askOpenAI(ctx, m.way(t, g, "alpha", "https://127.0.0.1:"+port), 0, true)
		require.NoError(t, err, m.name)
		assert.Equal(t, "from openai", text, m.name)
		text, err = askAnthropic(ctx, m.way(t, g, "beta", "https://localhost:"+port), defaultRetries, true)
		require.NoError(t, err, m.name)
		assert.Equal(t, "from anthropic", text, m.name)
	}
	page, err := get(trusting(t, trust), "https://"+address+"/_gatedrill/requests")
	require.NoError(t, err)
	var log struct{ Requests []struct{ Key string } }
	require.NoError(t, json.Unmarshal([]byte(page), &log), page)
	var keys []string
	for _, r := range log.Requests {
		keys = append(keys, r.Key)
	}
	assert.Equal(t, []string{"k0", "k1", "k2", "k2", "k1", "k2", "k1", "k2"}, keys, "one failover, and one retry of the SDK's: 529 speaks of no key")
}
