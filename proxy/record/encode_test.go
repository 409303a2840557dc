package record_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/proxy/record"
)

// odd is a text with what has to be escaped here and there, at any place of eight bytes.
var odd = rapid.StringOf(rapid.OneOf(rapid.RuneFrom([]rune("abcdefg /-_.")), rapid.RuneFrom([]rune("\"\\\n\t\x00\x1f\x7f<>&é漢"))))

// What is written by hand says what encoding/json would.
func TestLinesAreJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := odd.Draw(t, "text")
		f := record.Fact{
			Kind: rapid.SampledFrom([]record.Kind{record.KindRequest, record.KindAttempt, record.KindAnswer, record.KindChunks,
				record.KindEnd, record.KindDone, record.KindHeal}).Draw(t, "kind"),
			ID: text, Tunnel: odd.Draw(t, "tunnel"), Via: "tunnel", Method: "GET", Host: "h", Path: odd.Draw(t, "path"), Query: rapid.Bool().Draw(t, "query"),
			Try: rapid.IntRange(0, 3).Draw(t, "try"), Provider: text, Verdict: "v", Key: "k", Status: 200, RetryTold: "1", Credential: "own",
			How: "whole", Bytes: rapid.Int64().Draw(t, "bytes"), SHA256: "00", Body: odd.Draw(t, "body"), Sent: 1, SentSHA256: "11", SentBody: text,
			Cut: rapid.Bool().Draw(t, "cut"), Codes: rapid.SliceOfN(odd, 0, 2).Draw(t, "codes"), Error: text,
			Chunks: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [2]int64 {
				return [2]int64{rapid.Int64().Draw(t, "at"), rapid.Int64().Draw(t, "size")}
			}), 0, 3).Draw(t, "chunks"),
		}
		sink := &memory{}
		record.New(record.Config{Sink: sink}).Record(&f)
		line := sink.Bytes()[bytes.IndexByte(sink.Bytes(), '\n')+1:]
		var got record.Fact
		require.NoError(t, json.Unmarshal(line, &got), string(line))
		f.N, f.At = 2, got.At
		want, err := json.Marshal(&f)
		require.NoError(t, err)
		have, err := json.Marshal(&got)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(have))
	})
}

// Of headers a recording has those that matter, in order, whatever it is given, and
// nothing that looks like a secret.
func TestHeadersAreKept(t *testing.T) {
	given := http.Header{"Authorization": {"Bearer canary-0123456789"}, "Cookie": {"canary"}, "X-Api-Key": {"canary"}, "Retry-After": {"5"},
		"X-Ratelimit-Limit-Requests": {"10"}, "Anthropic-Ratelimit-Tokens-Reset": {"a", "b"}, "User-Agent": {"x sk-canary0123456789"}, "Date": {}}
	want := map[string][]string{"Retry-After": {"5"}, "X-Ratelimit-Limit-Requests": {"10"}, "Anthropic-Ratelimit-Tokens-Reset": {"a", "b"},
		"User-Agent": {"x [redacted]"}}
	for _, more := range []int{0, 40} {
		given, want := maps.Clone(given), maps.Clone(want)
		for i := range more {
			name := "X-Ratelimit-" + strings.Repeat("a", i+1)
			given[name], want[name] = []string{"v"}, []string{"v"}
		}
		sink := &memory{}
		record.New(record.Config{Sink: sink}).Record(&record.Fact{Kind: record.KindAnswer, ID: "r", Try: 1, Status: 200, Header: given})
		assert.NotContains(t, sink.String(), "canary")
		rec, err := record.Read("x", strings.NewReader(sink.String()+stop(2)))
		require.NoError(t, err)
		assert.Equal(t, want, rec.Runs[0].Facts[0].Header)
		text, err := json.Marshal(want)
		require.NoError(t, err)
		assert.Contains(t, sink.String(), `"header":`+string(text), "sorted, as encoding/json does it")
	}
}

// A text in which a secret is found is one that is looked at.
func TestSecretsAreSuspected(t *testing.T) {
	marks := rapid.SampledFrom([]string{"sk-", "pk_", "rk-", "ghp_", "gho_", "github_pat_", "glpat-", "xoxb-", "AKIA", "ASIA", "AIza", "eyJ", "bearer ",
		"BEARER\t", "bA\u017fIc ", "Basic ", "://", "@", "-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----", ".", " ", "é"})
	letters := rapid.StringMatching(`[A-Za-z0-9_-]{0,24}|[A-Z0-9]{20}`)
	for _, secret := range []string{"sk-", "pk_", "rk-", "gho_", "ghp_", "ghs_", "ghu_", "ghr_", "github_pat_", "glpat-", "xoxb-", "xoxs-", "AKIA", "ASIA",
		"AIza", "Bearer ", "bEaReR  ", "basic ", "BA\u017fIC "} {
		secret += "ABCDEFGHIJ0123456789"
		_, _, found := record.FindSecret(secret)
		assert.True(t, found && record.Suspect(secret) && record.Suspect("x "+secret+" y"), secret)
	}
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		text := ""
		for range rapid.IntRange(1, 4).Draw(t, "parts") {
			text += letters.Draw(t, "letters") + marks.Draw(t, "mark") + letters.Draw(t, "more")
		}
		if _, _, is := record.FindSecret(text); is {
			found++
			assert.True(t, record.Suspect(text), text)
		}
	})
	assert.NotZero(t, found)
	for _, usual := range []string{"/v1/chat/completions", "application/json", "gzip, deflate", "Go-http-client/1.1", "Thu, 01 Jan 2026 00:00:00 GMT",
		"text/event-stream; charset=utf-8", "req_0123456789abcdef", "OpenAI/Python 2.0.0"} {
		assert.False(t, record.Suspect(usual), usual)
	}
}

// In a world that does not look into bodies, what goes out is what would go out without a
// recording: a wrapped body would be sent apart from its head.
func TestBodiesInMemoryGoOutAsTheyAre(t *testing.T) {
	req, err := http.NewRequestWithContext(record.WithRequest(t.Context(), "r"), "POST", "https://alpha.invalid/", strings.NewReader("body"))
	require.NoError(t, err)
	for mode, same := range map[record.Bodies]bool{record.BodiesOff: true, record.BodiesHash: false} {
		via := record.New(record.Config{Sink: &memory{}, Bodies: mode}).Transport("alpha", upstream(func(r *http.Request) (*http.Response, error) {
			assert.Equal(t, same, r.Body == req.Body, mode)
			return answer(200, strings.NewReader(""), nil), nil
		}))
		resp, err := via.RoundTrip(req)
		require.NoError(t, err)
		_ = resp.Body.Close()
	}
}
