package fakeupstream_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// midnight is a whole second, so that dates and durations agree.
var midnight = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func newLimited(t *testing.T, rules ...string) (*fakeupstream.Upstream, *quartz.Mock) {
	t.Helper()
	clock := quartz.NewMock(t)
	clock.Set(midnight)
	u := fakeupstream.New(fakeupstream.Config{Name: "alpha.invalid", Secrets: secrets(), Clock: clock, Seed: 7})
	u.Play(parseAll(t, rules...)...)
	return u, clock
}

func bearer(key string) string { return "Authorization: Bearer " + secrets()[key] }

// chatAs asks for a chat completion with a key's secret and a body.
func chatAs(u *fakeupstream.Upstream, key, body string) *httptest.ResponseRecorder {
	return ask(u, "POST", "/v1/chat/completions", body, bearer(key))
}

// messageAs asks for a message with a key's secret and a body.
func messageAs(u *fakeupstream.Upstream, key, body string) *httptest.ResponseRecorder {
	return ask(u, "POST", "/v1/messages", body, "X-Api-Key: "+secrets()[key])
}

// limitHeaders returns the headers of w that tell of limits, less their prefix, in the given order.
func limitHeaders(w *httptest.ResponseRecorder, prefix string, names ...string) string {
	var out []string
	for _, n := range names {
		out = append(out, n+"="+w.Header().Get(prefix+n))
	}
	return strings.Join(out, " ")
}

const openaiPrefix = "X-Ratelimit-"

func openaiRequests(w *httptest.ResponseRecorder) string {
	return limitHeaders(w, openaiPrefix, "Limit-Requests", "Remaining-Requests", "Reset-Requests")
}

func openaiTokens(w *httptest.ResponseRecorder) string {
	return limitHeaders(w, openaiPrefix, "Limit-Tokens", "Remaining-Tokens", "Reset-Tokens")
}

func TestLimitOfRequests(t *testing.T) {
	u, clock := newLimited(t, "key k0: limit rpm=60 burst=2")
	w := chatAs(u, "k0", "{}")
	assert.Equal(t, 200, w.Code)
	assert.Equal(t, "Limit-Requests=60 Remaining-Requests=1 Reset-Requests=1s", openaiRequests(w))
	assert.Empty(t, w.Header().Get("Retry-After"))

	clock.Advance(250 * time.Millisecond)
	w = chatAs(u, "k0", "{}")
	assert.Equal(t, 200, w.Code)
	assert.Equal(t, "Limit-Requests=60 Remaining-Requests=0 Reset-Requests=1.75s", openaiRequests(w))

	w = chatAs(u, "k0", `{"model":"gpt-4o"}`)
	assert.Equal(t, 429, w.Code)
	assert.Equal(t, "1", w.Header().Get("Retry-After"), "0.75 s, rounded up")
	assert.Equal(t, "Limit-Requests=60 Remaining-Requests=0 Reset-Requests=1.75s", openaiRequests(w))
	assert.Equal(t, "Limit-Tokens=2000000 Remaining-Tokens=2000000 Reset-Tokens=0s", openaiTokens(w), "what nobody limits is not used up")
	assert.JSONEq(t, `{"error":{"message":"Rate limit reached for gpt-4o on requests per min (RPM): Limit 60, Used 60, Requested 1. Please try again in 750ms.",
		"type":"requests","param":null,"code":"rate_limit_exceeded"}}`, w.Body.String())

	clock.Advance(750*time.Millisecond - time.Nanosecond)
	assert.Equal(t, 429, chatAs(u, "k0", "{}").Code, "a nanosecond is missing")
	clock.Advance(time.Nanosecond)
	assert.Equal(t, 200, chatAs(u, "k0", "{}").Code)
	assert.Empty(t, u.Faults())
}

func TestLimitOfTokensByOpenAI(t *testing.T) {
	u, clock := newLimited(t, "limit tpm=6000", "key k0: 200")
	w := chatAs(u, "k0", `{"max_tokens":5000}`)
	assert.Equal(t, 200, w.Code)
	assert.Equal(t, "Limit-Tokens=6000 Remaining-Tokens=1000 Reset-Tokens=50s", openaiTokens(w), "max_tokens are taken at once")

	body := strings.Repeat("x", 4400)
	w = chatAs(u, "k0", body)
	assert.Equal(t, 429, w.Code)
	assert.Equal(t, "2", w.Header().Get("Retry-After"), "1101 tokens of which 101 are missing, at 100 a second")
	assert.Contains(t, w.Body.String(), `on tokens per min (TPM): Limit 6000, Used 5000, Requested 1101. Please try again in 1.01s."`)
	assert.Contains(t, w.Body.String(), `"type":"tokens"`)
	clock.Advance(1010 * time.Millisecond)
	assert.Equal(t, 200, chatAs(u, "k0", body).Code)

	w = chatAs(u, "k0", `{"max_completion_tokens":6001}`)
	assert.Equal(t, 429, w.Code)
	assert.Empty(t, w.Header().Get("Retry-After"), "waiting does not help")
	assert.Contains(t, w.Body.String(), "Request too large for gpt-4o-mini on tokens per min (TPM): Limit 6000, Used 6000, Requested 6001.\"")
}

func TestLimitOfTokensByAnthropic(t *testing.T) {
	u, clock := newLimited(t, "limit org=acme itpm=600 otpm=60", "key k0: 200 stream events=61, then 200 times=3")
	const prefix = "Anthropic-Ratelimit-"
	w := messageAs(u, "k0", strings.Repeat("x", 400))
	assert.Equal(t, 200, w.Code)
	assert.Equal(t, "Input-Tokens-Limit=600 Input-Tokens-Remaining=499 Input-Tokens-Reset=2000-01-01T00:00:11Z",
		limitHeaders(w, prefix, "Input-Tokens-Limit", "Input-Tokens-Remaining", "Input-Tokens-Reset"), "101 tokens at 10 a second")
	assert.Equal(t, "Output-Tokens-Limit=60 Output-Tokens-Remaining=0 Output-Tokens-Reset=2000-01-01T00:01:01Z",
		limitHeaders(w, prefix, "Output-Tokens-Limit", "Output-Tokens-Remaining", "Output-Tokens-Reset"))
	assert.Equal(t, "Tokens-Limit=60 Tokens-Remaining=0 Tokens-Reset=2000-01-01T00:01:01Z",
		limitHeaders(w, prefix, "Tokens-Limit", "Tokens-Remaining", "Tokens-Reset"), "the tightest of them")

	w = messageAs(u, "k0", "{}")
	assert.Equal(t, 429, w.Code)
	assert.Equal(t, "2", w.Header().Get("Retry-After"), "one token of debt, and one to begin with")
	assert.Contains(t, w.Body.String(), `{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization's rate limit of 60 output tokens per minute. Please try again later."}`)
	clock.Advance(2 * time.Second)
	assert.Equal(t, 200, messageAs(u, "k0", "{}").Code)

	clock.Advance(time.Minute)
	assert.Equal(t, 200, messageAs(u, "k0", strings.Repeat("x", 2000)).Code)
	w = messageAs(u, "k0", strings.Repeat("x", 800))
	assert.Equal(t, 429, w.Code)
	assert.Equal(t, "11", w.Header().Get("Retry-After"), "201 wanted, 99 there, 10 a second")
	assert.Contains(t, w.Body.String(), "600 input tokens per minute")
}

// What a scripted body says of its usage is what it costs; where it says nothing, its length is.
func TestTokensOfAScriptedBody(t *testing.T) {
	for _, test := range []struct{ rule, left string }{
		{"key k0: 200 body=`{\"usage\":{\"completion_tokens\":30}}`", "Limit-Tokens=100 Remaining-Tokens=70 Reset-Tokens=18s"},
		{"key k0: 200 body=`{\"usage\":{\"input_tokens\":1,\"output_tokens\":40}}`", "Limit-Tokens=100 Remaining-Tokens=60 Reset-Tokens=24s"},
		{"key k0: 200 body=\"01234567890123456789\"", "Limit-Tokens=100 Remaining-Tokens=95 Reset-Tokens=3s"},
		{"key k0: 500", "Limit-Tokens=100 Remaining-Tokens=100 Reset-Tokens=0s"},
	} {
		u, _ := newLimited(t, "limit otpm=100", test.rule)
		assert.Equal(t, test.left, openaiTokens(chatAs(u, "k0", "{}")), test.rule)
	}
	u, clock := newLimited(t, "limit otpm=1", "key k0: 200 body=`{\"usage\":{\"output_tokens\":9000000000000000000}}`")
	for range 2 {
		chatAs(u, "k0", "{}")
	}
	w := chatAs(u, "k0", "{}")
	assert.Equal(t, 429, w.Code)
	assert.Equal(t, "1000000000", w.Header().Get("Retry-After"), "a debt has an end")
	clock.Advance(time.Hour)
	assert.Equal(t, 429, chatAs(u, "k0", "{}").Code)
}

func TestKeysOfOneOrganisation(t *testing.T) {
	u, _ := newLimited(t, "limit org=acme keys=k0,k1 rpm=2", "key any: 200")
	assert.Equal(t, 200, chatAs(u, "k0", "{}").Code)
	assert.Equal(t, 200, chatAs(u, "k1", "{}").Code)
	w := chatAs(u, "k0", "{}")
	assert.Equal(t, 429, w.Code)
	assert.Contains(t, w.Body.String(), "in organization acme on requests")
	assert.Equal(t, 429, chatAs(u, "k1", "{}").Code)
	assert.Equal(t, 200, chatAs(u, "k2", "{}").Code, "another's key")
	assert.Equal(t, 200, chat(u, ""), "no key at all")
}

func TestEachKeyHasItsOwnBucket(t *testing.T) {
	for _, rules := range [][]string{{"limit rpm=1", "key any: 200"}, {"key any: limit rpm=1"}, {"limit keys=k1,k0 rpm=1", "key any: 200"}} {
		u, _ := newLimited(t, rules...)
		for _, key := range []string{"k0", "k1"} {
			assert.Equal(t, 200, chatAs(u, key, "{}").Code, "%v %s", rules, key)
			assert.Equal(t, 429, chatAs(u, key, "{}").Code, "%v %s", rules, key)
		}
	}
}

func TestLimitOfAnAddress(t *testing.T) {
	u, _ := newLimited(t, "limit by=address rpm=1", "key any: 200")
	from := func(address, key string) int {
		r := newRequest("POST", "/v1/chat/completions", "{}", bearer(key))
		r.RemoteAddr = address
		w := httptest.NewRecorder()
		u.ServeHTTP(w, r)
		return w.Code
	}
	assert.Equal(t, 200, from("192.0.2.1:1000", "k0"))
	assert.Equal(t, 429, from("192.0.2.1:1001", "k1"), "another key, and another port")
	assert.Equal(t, 200, from("192.0.2.2:1000", "k0"))
	assert.Equal(t, 200, from("no address", "k0"))
	assert.Equal(t, 200, from("192.0.2.3:1000", "nobody"))
	assert.Equal(t, 429, from("192.0.2.3:1000", "nobody"), "a request without a key has an address too")
}

func TestLimitOfAPathAndAModel(t *testing.T) {
	u, _ := newLimited(t, "limit path=/v1/chat/* model=gpt-4o rpm=1", "key any: 200")
	assert.Equal(t, 200, chatAs(u, "k0", `{"model":"gpt-4o"}`).Code)
	assert.Equal(t, 429, chatAs(u, "k0", `{"model":"gpt-4o"}`).Code)
	assert.Equal(t, 200, chatAs(u, "k0", `{"model":"gpt-3"}`).Code)
	assert.Equal(t, 200, ask(u, "POST", "/v1/responses", `{"model":"gpt-4o"}`, bearer("k0")).Code)
}

func TestARefusedRequestCostsNothing(t *testing.T) {
	u, clock := newLimited(t, "limit rps=1", "limit org=acme rpm=2", "key k0: 200 times=2")
	assert.Equal(t, 200, chatAs(u, "k0", "{}").Code)
	for range 5 {
		assert.Equal(t, 429, chatAs(u, "k0", "{}").Code)
	}
	clock.Advance(time.Second)
	assert.Equal(t, 200, chatAs(u, "k0", "{}").Code, "neither the organisation nor the script has noticed")
	w := chatAs(u, "k0", "{}")
	assert.Equal(t, "29", w.Header().Get("Retry-After"), "the longest wait of all: 30 s for one request, of which one went by")
	assert.Equal(t, "Limit-Requests=1 Remaining-Requests=0 Reset-Requests=1s", openaiRequests(w), "on a tie the first line")
}

func TestQuotaOfADay(t *testing.T) {
	u, clock := newLimited(t, "quota day=2", "key k0: 200")
	clock.Advance(23*time.Hour + 59*time.Minute + 29*time.Second + 500*time.Millisecond)
	w := chatAs(u, "k0", "{}")
	assert.Equal(t, "Limit-Requests=2 Remaining-Requests=1 Reset-Requests=30.5s", openaiRequests(w))
	assert.Equal(t, 200, chatAs(u, "k0", "{}").Code)
	w = chatAs(u, "k0", "{}")
	assert.Equal(t, 429, w.Code)
	assert.Equal(t, "31", w.Header().Get("Retry-After"))
	assert.Contains(t, w.Body.String(), "requests per day (RPD): Limit 2, Used 2, Requested 1. Please try again in 30.5s.")
	clock.Advance(30*time.Second + 500*time.Millisecond - time.Nanosecond)
	assert.Equal(t, 429, chatAs(u, "k0", "{}").Code)
	clock.Advance(time.Nanosecond)
	assert.Equal(t, 200, chatAs(u, "k0", "{}").Code, "another day")
}

func TestQuotaOfADaysTokens(t *testing.T) {
	u, clock := newLimited(t, "quota day-tokens=5", "key k0: 200")
	clock.Advance(23 * time.Hour)
	assert.Equal(t, 200, chatAs(u, "k0", "{}").Code)
	w := chatAs(u, "k0", "{}")
	assert.Equal(t, 200, w.Code, "one token is left, and what is answered is known afterwards")
	assert.Equal(t, "Limit-Tokens=5 Remaining-Tokens=0 Reset-Tokens=1h0m0s", openaiTokens(w), "four each")
	w = chatAs(u, "k0", "{}")
	assert.Equal(t, 429, w.Code)
	assert.Equal(t, "3600", w.Header().Get("Retry-After"))
	assert.Contains(t, w.Body.String(), "tokens per day (TPD): Limit 5, Used 5, Requested 1.")
}

func TestQuotaOfAnAccount(t *testing.T) {
	for _, test := range []struct{ rule, what string }{{"quota requests=2", "requests"}, {"quota tokens=7", "4 tokens each"}} {
		u, clock := newLimited(t, test.rule, "key any: 200")
		assert.Equal(t, 200, chatAs(u, "k0", "{}").Code, test.what)
		w := chatAs(u, "k0", "{}")
		assert.Equal(t, 200, w.Code, test.what)
		assert.Equal(t, "10000", w.Header().Get(openaiPrefix+"Limit-Requests"), "no header tells of an account")
		clock.Advance(48 * time.Hour)
		w = chatAs(u, "k0", "{}")
		assert.Equal(t, 429, w.Code, test.what)
		assert.Empty(t, w.Header().Get("Retry-After"), test.what)
		assert.Contains(t, w.Body.String(), `"type":"insufficient_quota","param":null,"code":"insufficient_quota"`, test.what)
		assert.Equal(t, 200, chatAs(u, "k1", "{}").Code, "another account")

		u, _ = newLimited(t, test.rule, "key any: 200")
		assert.Equal(t, 200, messageAs(u, "k0", "{}").Code, test.what)
		assert.Equal(t, 200, messageAs(u, "k0", "{}").Code, test.what)
		w = messageAs(u, "k0", "{}")
		assert.Equal(t, 402, w.Code, test.what)
		assert.Contains(t, w.Body.String(), `"type":"billing_error"`, test.what)
	}
}

func TestRevokedKey(t *testing.T) {
	u, clock := newLimited(t, "revoked keys=k0 at=+30s", "key any: 200")
	clock.Advance(30*time.Second - 1)
	assert.Equal(t, 200, chatAs(u, "k0", "{}").Code)
	clock.Advance(1)
	w := chatAs(u, "k0", "{}")
	assert.Equal(t, 401, w.Code)
	assert.Contains(t, w.Body.String(), "invalid_api_key")
	assert.Equal(t, 200, chatAs(u, "k1", "{}").Code)
	assert.Equal(t, "revoked keys=k0 at=30s", u.Requests()[1].Rule)
}

func TestWindow(t *testing.T) {
	u, clock := newLimited(t, "window 529 from=10s to=20s", "window 503 path=/v1/models from=0s to=1h retry-after=seconds", "limit rpm=1", "key any: 200 times=2")
	clock.Advance(10*time.Second - 1)
	assert.Equal(t, 200, messageAs(u, "k0", "{}").Code)
	clock.Advance(1)
	w := messageAs(u, "k0", "{}")
	assert.Equal(t, 529, w.Code, "an overload comes before limits")
	assert.Contains(t, w.Body.String(), "overloaded_error")
	assert.Empty(t, w.Header().Get("Retry-After"))
	clock.Advance(10*time.Second - 1)
	assert.Equal(t, 529, chatAs(u, "k1", "{}").Code, "everybody's")
	assert.Equal(t, 529, chat(u, ""), "and nobody's")
	clock.Advance(1)
	assert.Equal(t, 429, messageAs(u, "k0", "{}").Code)
	w = ask(u, "GET", "/v1/models", "", bearer("k1"))
	assert.Equal(t, 503, w.Code)
	assert.Equal(t, "3580", w.Header().Get("Retry-After"))
	assert.Equal(t, 200, chatAs(u, "k1", "{}").Code)
}

func TestHintsOfARefusal(t *testing.T) {
	for _, test := range []struct{ option, retryAfter, ms string }{
		{"", "59", ""}, {"retry-after=seconds", "59", ""}, {"retry-after=decimals", "58.499999", ""},
		{"retry-after=ms", "", "58500"}, {"retry-after=both", "59", "58500"}, {"retry-after=none", "", ""},
		{"retry-after=imf", "Sat, 01 Jan 2000 00:01:00 GMT", ""}, {"retry-after=rfc850", "Saturday, 01-Jan-00 00:01:00 GMT", ""},
		{"retry-after=asctime", "Sat Jan  1 00:01:00 2000", ""}, {"retry-after=-3", "-3", ""}, {`retry-after="soon"`, "soon", ""},
	} {
		u, clock := newLimited(t, "key k0: limit rpm=1 "+test.option)
		assert.Equal(t, 200, chatAs(u, "k0", "{}").Code)
		clock.Advance(1_500_001 * time.Microsecond)
		w := chatAs(u, "k0", "{}")
		assert.Equal(t, test.retryAfter, w.Header().Get("Retry-After"), test.option)
		assert.Equal(t, test.ms, w.Header().Get("Retry-After-Ms"), test.option)
	}
}

func TestMessageOfARefusal(t *testing.T) {
	u, _ := newLimited(t, `limit rpm=1 message="Slow down. Please try again in {wait}."`, "key k0: 200")
	chatAs(u, "k0", "{}")
	assert.Contains(t, chatAs(u, "k0", "{}").Body.String(), `"message":"Slow down. Please try again in 1m."`)
}

func TestLimitOfWhatIsUnderWay(t *testing.T) {
	u, _ := newLimited(t, "limit concurrent=1", "key any: 200 stream events=1")
	w := &stampedWriter{ResponseRecorder: httptest.NewRecorder(), now: time.Now}
	var during, other *httptest.ResponseRecorder
	w.onFlush = func(n int) {
		if n == 1 {
			during, other = chatAs(u, "k0", "{}"), chatAs(u, "k1", "{}")
		}
	}
	u.ServeHTTP(w, newRequest("POST", "/v1/chat/completions", "{}", bearer("k0")))
	assert.Equal(t, 429, during.Code)
	assert.Empty(t, during.Header().Get("Retry-After"), "nobody can tell")
	assert.Contains(t, during.Body.String(), "Number of concurrent connections")
	assert.Equal(t, 200, other.Code)
	assert.Equal(t, 200, chatAs(u, "k0", "{}").Code, "the first has ended")
}

func TestASequenceWithALimit(t *testing.T) {
	u, _ := newLimited(t, "key k0: 401, then limit rpm=1 times=2, then 500")
	for _, want := range []int{401, 200, 429, 500} {
		assert.Equal(t, want, chatAs(u, "k0", "{}").Code)
	}
	assert.Empty(t, u.Faults())
	u.Play(parseAll(t, "limit rpm=1", "quota day=1", "window 529 from=1s to=2s", "revoked at=1s", "key k0: limit rpm=1")...)
	assert.Equal(t, []string{`unasked: alpha.invalid: key k0: answer "limit rpm=1" was never asked for`}, texts(u.Faults()),
		"lines that refuse nobody are no faults")
}

func TestPlayFillsTheBuckets(t *testing.T) {
	u, _ := newLimited(t, "limit rpm=1", "key k0: 200")
	assert.Equal(t, 200, chatAs(u, "k0", "{}").Code)
	u.Play(parseAll(t, "limit rpm=1", "key k0: 200")...)
	assert.Equal(t, 200, chatAs(u, "k0", "{}").Code)
}

func TestALimitComesBeforeAnEarlyAnswer(t *testing.T) {
	u, _ := newLimited(t, "window 529 from=0s to=1s", "key any: 200 early=close")
	assert.Equal(t, 529, chatAs(u, "k0", "{}").Code)
}

func TestLimitsAsValues(t *testing.T) {
	limit := &fakeupstream.Limit{Kind: fakeupstream.LimitRate, RPM: 1}
	u, _ := newLimited(t)
	u.Play(fakeupstream.Rule{Key: "k0", Answers: []fakeupstream.Answer{{Status: 200, Limit: limit}}},
		fakeupstream.Rule{Key: "k1", Answers: []fakeupstream.Answer{{Status: 200, Limit: limit}}})
	limit.RPM = 0
	assert.Equal(t, 200, chatAs(u, "k0", "{}").Code)
	assert.Equal(t, 200, chatAs(u, "k1", "{}").Code, "two answers that were given one value share no bucket")

	u.Play(fakeupstream.Rule{Limit: limit}, fakeupstream.Rule{Key: "k0", Limit: &fakeupstream.Limit{Kind: fakeupstream.LimitRate, RPM: -1, At: 1}})
	assert.Equal(t, []string{
		"invalid: alpha.invalid: rule 1 cannot be played: a limit of nothing: want one of rps, rpm, tpm, itpm, otpm, concurrent, as in limit rpm=60",
		"invalid: alpha.invalid: rule 2 cannot be played: a limit has neither a key, nor answers, nor connections: write another rule for those",
	}, texts(u.Faults())[:2])
}

func TestLimitsInParallel(t *testing.T) {
	u, _ := newLimited(t, "limit org=acme rpm=20", "limit keys=k1 concurrent=100 tpm=100000", "key any: 200")
	const each = 40
	codes := make(chan int, 2*each)
	for _, key := range []string{"k0", "k1"} {
		for range each {
			go func() { codes <- chatAs(u, key, "{}").Code }()
		}
	}
	got := map[int]int{}
	for range 2 * each {
		got[<-codes]++
	}
	assert.Equal(t, map[int]int{200: 20, 429: 60}, got)
}
