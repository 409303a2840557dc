package fakeupstream_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// stoppedClock is a real clock that always tells the same time; a mock one writes every reading into the test's log.
type stoppedClock struct{ quartz.Clock }

// question is one request to a fake.
type question struct {
	method, path, body string
	headers            []string
}

var questionBodies = []string{
	``, `{`, `{}`, `{"model":"m1","stream":true}`, `{"stream":true,"stream_options":{"include_usage":true},"n":2}`,
	`{"model":"m1","messages":[{"role":"user","content":"hello"}],"max_tokens":5,` + chatTools + `}`,
	`{"stream":true,"thinking":{"type":"enabled"},` + messageTools + `}`,
	`{"stream":true,"input":["a","b"],"reasoning":{"effort":"low","summary":"auto"},"dimensions":4}`,
	`{"input":"a","encoding_format":"base64","dimensions":3}`,
}

func genQuestion() *rapid.Generator[question] {
	paths := []string{"/v1/chat/completions", "/v1/responses", "/v1/messages", "/v1/messages/count_tokens", "/v1/embeddings",
		"/v1/models", "/v1/models?limit=1", "/v1/models/m2", "/v1/elsewhere", azurePath}
	return rapid.Custom(func(t *rapid.T) question {
		return question{
			method:  rapid.SampledFrom([]string{"POST", "POST", "GET"}).Draw(t, "method"),
			path:    rapid.SampledFrom(paths).Draw(t, "path"),
			body:    rapid.SampledFrom(questionBodies).Draw(t, "body"),
			headers: rapid.SampledFrom([][]string{nil, {"X-Api-Key: sk-secret-zero", "Anthropic-Version: 2023-06-01"}, {"Authorization: Bearer x"}}).Draw(t, "headers"),
		}
	})
}

// genWhole draws answers that arrive whole, and whose body is the vendor's own.
func genWhole() *rapid.Generator[fakeupstream.Answer] {
	return rapid.Custom(func(t *rapid.T) fakeupstream.Answer {
		a := genAnswer().Draw(t, "answer")
		return fakeupstream.Answer{Status: a.Status, Code: a.Code, Message: a.Message, Type: a.Type, Say: a.Say, Strict: a.Strict, Stream: withoutPause(a.Stream)}
	}).Filter(func(a fakeupstream.Answer) bool {
		_, err := fakeupstream.ParseRule(fakeupstream.Rule{Key: "any", Answers: []fakeupstream.Answer{a}}.String())
		return err == nil
	})
}

func withoutPause(s *fakeupstream.Stream) *fakeupstream.Stream {
	if s == nil {
		return nil
	}
	return &fakeupstream.Stream{Events: s.Events}
}

// play asks a new upstream the same questions.
func play(t require.TestingT, clock quartz.Clock, vendor fakeupstream.Vendor, seed uint64, a fakeupstream.Answer, questions []question) []*httptest.ResponseRecorder {
	u := fakeupstream.New(fakeupstream.Config{Vendor: vendor, Secrets: secrets(), Seed: seed, Models: []string{"m1", "m2", "m3"}, Clock: clock})
	u.Play(fakeupstream.Rule{Key: "any", Answers: []fakeupstream.Answer{a}})
	require.Empty(t, slices.DeleteFunc(u.Faults(), func(f fakeupstream.Fault) bool { return f.Kind != fakeupstream.Invalid }))
	var out []*httptest.ResponseRecorder
	for _, q := range questions {
		out = append(out, ask(u, q.method, q.path, q.body, q.headers...))
	}
	return out
}

// transcript is an answer, header and all, in the order of names.
func transcript(w *httptest.ResponseRecorder) string {
	var b strings.Builder
	fmt.Fprintln(&b, w.Code)
	for _, name := range slices.Sorted(maps.Keys(w.Header())) {
		fmt.Fprintln(&b, name, w.Header()[name])
	}
	return b.String() + w.Body.String()
}

// TestTheSameSeedAndScriptGiveTheSameBytes, whatever is asked and answered; another seed gives other ids. Every body
// is JSON, every event of a stream has JSON or [DONE] in it, and the header has what the vendor's always has.
func TestTheSameSeedAndScriptGiveTheSameBytes(t *testing.T) {
	mock := quartz.NewMock(quiet{t})
	mock.Set(virtualStart)
	clock := stoppedClock{mock}
	rapid.Check(t, func(t *rapid.T) {
		vendor := rapid.SampledFrom(append(fakeupstream.Vendors(), fakeupstream.Auto)).Draw(t, "vendor")
		a := genWhole().Draw(t, "answer")
		questions := rapid.SliceOfN(genQuestion(), 1, 3).Draw(t, "questions")
		first, again, other := play(t, clock, vendor, 1, a, questions), play(t, clock, vendor, 1, a, questions), play(t, clock, vendor, 2, a, questions)
		ids := map[string]bool{}
		for i := range first {
			require.Equal(t, transcript(first[i]), transcript(again[i]))
			id := first[i].Header().Get("X-Request-Id") + first[i].Header().Get("Request-Id")
			require.NotEmpty(t, id)
			require.False(t, ids[id], "the id %s is given twice", id)
			ids[id] = true
			require.NotEqual(t, transcript(first[i]), transcript(other[i]), "another seed")
			requireSound(t, first[i])
		}
	})
}

// quiet keeps a mock clock from writing every reading down.
type quiet struct{ *testing.T }

func (quiet) Logf(string, ...any) {}
func (quiet) Log(...any)          {}

func requireSound(t require.TestingT, w *httptest.ResponseRecorder) {
	body := w.Body.String()
	switch w.Header().Get("Content-Type") {
	case "":
		require.Empty(t, body)
	case "application/json":
		require.True(t, json.Valid([]byte(body)), body)
		require.Equal(t, fmt.Sprint(len(body)), w.Header().Get("Content-Length"))
	case "text/event-stream; charset=utf-8":
		require.Equal(t, 200, w.Code)
		require.True(t, strings.HasSuffix(body, "\n\n"), body)
		for _, e := range strings.Split(strings.TrimSuffix(body, "\n\n"), "\n\n") {
			_, data, ok := strings.Cut("\n"+e, "\ndata: ")
			require.True(t, ok && (data == "[DONE]" || json.Valid([]byte(data))), e)
		}
	default:
		require.Fail(t, "Content-Type "+w.Header().Get("Content-Type"))
	}
}

// TestHeadersAreExactlyTheVendors: these, and no others.
func TestHeadersAreExactlyTheVendors(t *testing.T) {
	common := []string{"Content-Length", "Content-Type", "Date"}
	openAI := []string{"X-Ratelimit-Limit-Requests", "X-Ratelimit-Limit-Tokens", "X-Ratelimit-Remaining-Requests", "X-Ratelimit-Remaining-Tokens",
		"X-Ratelimit-Reset-Requests", "X-Ratelimit-Reset-Tokens", "X-Request-Id"}
	anthropic := []string{"Request-Id"}
	for _, kind := range []string{"Requests", "Tokens", "Input-Tokens", "Output-Tokens"} {
		for _, what := range []string{"Limit", "Remaining", "Reset"} {
			anthropic = append(anthropic, "Anthropic-Ratelimit-"+kind+"-"+what)
		}
	}
	wants := map[fakeupstream.Vendor][]string{
		fakeupstream.OpenAI:    openAI,
		fakeupstream.Anthropic: anthropic,
		fakeupstream.Azure:     slices.Concat(openAI, []string{"Apim-Request-Id", "X-Ms-Region"}),
	}
	for _, vendor := range fakeupstream.Vendors() {
		for _, answer := range []string{"200", "401", "429", "500", "200 stream"} {
			u, _ := newUpstream(t, vendor, "key any: "+answer)
			want := slices.Concat(wants[vendor], common)
			if answer == "200 stream" {
				want = slices.DeleteFunc(want, func(name string) bool { return name == "Content-Length" })
			}
			slices.Sort(want)
			got := slices.Sorted(maps.Keys(ask(u, "POST", "/v1/x", "{}").Header()))
			assert.Equal(t, want, got, "%s: %s", vendor, answer)
		}
	}
}

// TestAnthropicPages: forwards, backwards, and where an id or a limit is none.
func TestAnthropicPages(t *testing.T) {
	u := fakeupstream.New(fakeupstream.Config{Vendor: fakeupstream.Anthropic, Models: []string{"a", "b", "c", "d"}})
	u.Play(parseAll(t, "key any: 200")...)
	for query, want := range map[string]string{
		"":                    "abcd false",
		"limit=4":             "abcd false",
		"limit=3":             "abc true",
		"limit=2&after_id=b":  "cd false",
		"limit=1&after_id=b":  "c true",
		"after_id=d":          " false",
		"after_id=unheard":    "abcd false",
		"limit=2&before_id=d": "bc true",
		"limit=3&before_id=d": "abc false",
		"before_id=a":         " false",
		"limit=0":             "abcd false",
		"limit=x":             "abcd false",
		"limit=1001":          "abcd false",
		"%zz&limit=1":         "a true",
	} {
		var page struct {
			Data            []struct{ ID string }
			HasMore         bool    `json:"has_more"`
			FirstID, LastID *string `json:"-"`
		}
		require.NoError(t, json.Unmarshal(ask(u, "GET", "/v1/models?"+query, "").Body.Bytes(), &page), query)
		got := ""
		for _, m := range page.Data {
			got += m.ID
		}
		assert.Equal(t, want, fmt.Sprint(got, " ", page.HasMore), query)
	}
	none := fakeupstream.New(fakeupstream.Config{Vendor: fakeupstream.Anthropic, Models: []string{}})
	none.Play(parseAll(t, "key any: 200")...)
	assert.Equal(t, `{"data":[],"has_more":false,"first_id":null,"last_id":null}`, ask(none, "GET", "/v1/models", "").Body.String())
}
