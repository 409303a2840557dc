package check_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/trace"
)

const (
	alpha   = "alpha.invalid"
	keyText = "sk-k0-0123456789abcdef"
	token   = "gd-token-0123456789abcdef"
)

// story builds a run of one provider, alpha, with keys k0 and k1.
type story struct {
	run  check.Run
	step int
	now  time.Duration
	id   int
}

func newStory() *story {
	s := &story{run: check.Run{
		Start:  time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		Intent: check.Strict(),
		Secrets: []check.Secret{
			{Kind: check.Key, Alias: "k0", Text: keyText},
			{Kind: check.Key, Alias: "mine", Text: "sk-mine-0123456789"},
			{Kind: check.Token, Alias: "token", Text: token},
		},
	}}
	return s.load(trace.ProviderLoaded{Name: "alpha", Type: "openai", Host: alpha, Keys: []string{"k0", "k1"}, Status: "enabled"})
}

// see adds a fact a microsecond after the one before.
func (s *story) see(f trace.Fact) *story {
	s.now += time.Microsecond
	s.run.Observations = append(s.run.Observations, trace.Observation{Step: s.step, At: s.now, Fact: f})
	return s
}

func (s *story) load(rows ...trace.ProviderLoaded) *story {
	s.step++
	for _, r := range rows {
		s.see(r)
	}
	return s
}

func (s *story) wait(d time.Duration) *story {
	s.now += d
	return s
}

// ask sends a request; own is the client's own key.
func (s *story) ask(own string) *story {
	s.step++
	s.id++
	return s.see(trace.RequestSent{Client: "c", ID: fmt.Sprint(s.id), Host: alpha, Method: "POST", Target: "/v1", OwnKey: own, Body: trace.Body{Bytes: []byte("body")}})
}

// attempt is one try at the upstream, with header lines as name, value, ….
func (s *story) attempt(key string, status int, header ...string) *story {
	return s.try(trace.UpstreamGot{Host: alpha, Key: key, Status: status, Answer: head(header), Body: trace.Body{Bytes: []byte("body")}})
}

func (s *story) try(u trace.UpstreamGot) *story {
	u.Request = fmt.Sprint(s.id)
	u.Arrived = s.now
	return s.see(u)
}

func (s *story) answer(status int, header ...string) *story {
	return s.see(trace.ClientGot{Client: "c", ID: fmt.Sprint(s.id), Status: status, Header: head(header)})
}

func head(pairs []string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// findings are those of all checks, by name. The story may go on afterwards.
func (s *story) findings() []string {
	run := s.run
	var list []string
	for _, c := range check.All() {
		for _, f := range c.Find(&run) {
			list = append(list, f.Check+": "+f.Text)
		}
	}
	return list
}

const retryAfter = "Retry-After"

func TestChecks(t *testing.T) {
	moved := trace.ProviderLoaded{Name: "alpha", Host: "other.invalid", Keys: []string{"k0", "k1"}, Status: "enabled"}
	tests := []struct {
		name  string
		story *story
		want  []string // nil: every check is content
	}{
		{"failover", newStory().ask("").attempt("k0", 429, retryAfter, "5").attempt("k1", 200).answer(200), nil},
		{"exhausted, and the wait is the shortest",
			newStory().ask("").attempt("k0", 429, retryAfter, "5").attempt("k1", 429, retryAfter, "3").answer(429, retryAfter, "3"), nil},
		{"exhausted, and the wait is the longest",
			newStory().ask("").attempt("k0", 429, retryAfter, "5").attempt("k1", 429, retryAfter, "3").answer(429, retryAfter, "5"),
			[]string{"retry-after-is-true: c was told to wait 5 s; the first key is back in 3 s"}},
		{"exhausted, and no wait is told",
			newStory().ask("").attempt("k0", 429).attempt("k1", 429).answer(429),
			[]string{`retry-after-is-true: c got 429 with retry-after=""; a key is back in 60 s`}},
		{"asked again a moment early",
			newStory().ask("").attempt("k0", 429, retryAfter, "5").attempt("k1", 429, retryAfter, "3").answer(429, retryAfter, "3").
				wait(2*time.Second).ask("").answer(429, retryAfter, "1"), nil},
		{"asked again a moment early, and the old wait is told",
			newStory().ask("").attempt("k0", 429, retryAfter, "5").attempt("k1", 429, retryAfter, "3").answer(429, retryAfter, "3").
				wait(2*time.Second).ask("").answer(429, retryAfter, "3"),
			[]string{"retry-after-is-true: c was told to wait 3 s; the first key is back in 1 s"}},
		{"a later, shorter hint does not shorten",
			newStory().ask("").attempt("k0", 429, retryAfter, "50").attempt("k1", 200).answer(200).
				ask("").attempt("k0", 429, retryAfter, "2").attempt("k1", 429, retryAfter, "60").answer(429, retryAfter, "2"),
			[]string{"retry-after-is-true: c was told to wait 2 s; the first key is back in 50 s",
				"cooling-key-rests: alpha.invalid got key k0, which was answered 429 0s before and rests until then"}},
		{"a disabled key's wait does not count",
			newStory().ask("").attempt("k0", 401).attempt("k1", 429, retryAfter, "9").answer(429, retryAfter, "9"), nil},
		{"all disabled", newStory().ask("").attempt("k0", 401).attempt("k1", 403).answer(502), nil},
		{"all disabled, and the client is told to wait",
			newStory().ask("").attempt("k0", 401).attempt("k1", 403).answer(502, retryAfter, "60"),
			[]string{"retry-after-only-when-waiting-helps: c got 502 with retry-after=60, and waiting does not help: no key is resting after a rate limit"}},
		{"all disabled, and the client is told of a limit",
			newStory().ask("").attempt("k0", 401).attempt("k1", 403).answer(429, retryAfter, "60"),
			[]string{"retry-after-is-true: c got 429 from a pool of which no key is resting after a rate limit"}},
		{"the milliseconds win, and are rounded up",
			newStory().ask("").attempt("k0", 429, "Retry-After-Ms", "2500", retryAfter, "9").attempt("k1", 401).answer(429, retryAfter, "3"), nil},
		{"a date", newStory().ask("").attempt("k0", 429, retryAfter, "Sat, 01 Jan 2000 00:00:30 GMT").attempt("k1", 401).answer(429, retryAfter, "30"), nil},
		{"garbage means the default",
			newStory().ask("").attempt("k0", 429, retryAfter, "soon").attempt("k1", 401).answer(429, retryAfter, "60"), nil},
		{"a huge wait is clamped",
			newStory().ask("").attempt("k0", 429, retryAfter, "99999999999999999999").attempt("k1", 401).answer(429, retryAfter, "86400"), nil},

		{"a key twice", newStory().ask("").attempt("k0", 429).attempt("k0", 200).answer(200),
			[]string{"once-per-request: c's POST /v1 went to alpha.invalid with key k0 more than once"}},
		{"another body", newStory().ask("").try(trace.UpstreamGot{Host: alpha, Key: "k0", Status: 200}).answer(200),
			[]string{"replay-is-identical: attempt 1 of c carried 0 bytes (e3b0c44298fc1c14), the client had sent 4 (230d8358dc8e8890)"}},
		{"no answer", newStory().ask(""), []string{"every-request-ends: c's POST /v1 never ended"}},

		{"the client gave up", newStory().ask("").see(trace.ClientGot{Client: "c", ID: "1", Err: "nothing within 1h0m0s", Late: true}),
			[]string{"every-request-ends: c's POST /v1 never ended"}},

		{"own key", newStory().ask("mine").attempt("mine", 429, retryAfter, "7").answer(429, retryAfter, "7"), nil},
		{"own key, and the pool's after it", newStory().ask("mine").attempt("mine", 429).attempt("k0", 200).answer(200),
			[]string{"byok-is-alone: c brought its own key, and there were 2 attempts"}},
		{"own key, and the pool's instead", newStory().ask("mine").attempt("k0", 200).answer(200),
			[]string{"byok-is-alone: c brought key mine, and alpha.invalid got k0"}},
		{"own key, and another answer", newStory().ask("mine").attempt("mine", 429, retryAfter, "7").answer(502),
			[]string{`byok-is-alone: c brought its own key; the upstream said 429 retry-after="7", the client heard 502 retry-after=""`}},

		{"a pool key in an answer", newStory().ask("").attempt("k0", 200).answer(200, "X-Debug", keyText),
			[]string{"no-key-downstream: pool key k0 is in c's answer"}},
		{"an own key comes back", newStory().ask("mine").attempt("mine", 200).answer(200, "X-Debug", "sk-mine-0123456789"), nil},
		{"a pool key in an error", newStory().see(trace.ReloadFailed{Err: "bad " + keyText}),
			[]string{"no-key-downstream: pool key k0 is in Reload's error"}},
		{"a token upstream", newStory().ask("").try(trace.UpstreamGot{Host: alpha, Key: "k0", Header: head([]string{"X-Token", token})}).answer(502),
			[]string{"no-token-upstream: alpha.invalid got the gateway token token"}},
		{"a proxy with a login of its own",
			newStory().see(trace.ProxyGot{Proxy: "proxy.invalid:3128", Header: head([]string{"Proxy-Authorization", "Basic ZHJpbGw6c2VjcmV0"}), Status: 200}), nil},
		{"a proxy that gets the client's login",
			newStory().see(trace.ProxyGot{Proxy: "proxy.invalid:3128", Header: head([]string{"Proxy-Authorization",
				"Basic " + base64.StdEncoding.EncodeToString([]byte("drill:"+token))}), Status: 200}),
			[]string{"no-token-upstream: proxy.invalid:3128 got the gateway token token"}},
		{"a hop-by-hop header upstream", newStory().ask("").try(trace.UpstreamGot{Host: alpha, Key: "k0", Header: head([]string{"Proxy-Authorization", "x"})}).answer(502),
			[]string{"no-token-upstream: alpha.invalid got the header Proxy-Authorization"}},
		{"a key at a stranger's", newStory().ask("").try(trace.UpstreamGot{Host: "evil.invalid", Key: "k0"}).answer(502),
			[]string{"key-to-its-host-only: pool key k0 went to evil.invalid, which is not its provider's"}},
		{"a key at its old host", newStory().load(moved).ask("").attempt("k0", 200).answer(200),
			[]string{"fail-closed: c's request to alpha.invalid got pool key k0, and no provider has the host",
				"key-to-its-host-only: pool key k0 went to alpha.invalid, which is not its provider's"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, test.story.findings())
		})
	}
}

// Two requests are under way with one key: one is refused, and the other one,
// which had begun before, is rate limited. The key is disabled, and does not rest.
func TestLateLimitOfADisabledKeyDoesNotCount(t *testing.T) {
	s := newStory().ask("")
	early := s.now
	s.attempt("k0", 401).attempt("k1", 429, retryAfter, "9").answer(429, retryAfter, "9").ask("")
	s.see(trace.UpstreamGot{Host: alpha, Key: "k0", Status: 429, Answer: head([]string{retryAfter, "3"}),
		Body: trace.Body{Bytes: []byte("body")}, Request: "2", Arrived: early})
	assert.Empty(t, s.answer(429, retryAfter, "9").findings())

	s.load(trace.ProviderLoaded{Name: "alpha", Type: "openai", Host: alpha, URL: "https://alpha.invalid", Keys: []string{"k0", "k1"}, Status: "enabled"})
	s.ask("").attempt("k0", 429, retryAfter, "3")
	assert.Equal(t, []string{"retry-after-is-true: c was told to wait 9 s; the first key is back in 3 s"},
		s.answer(429, retryAfter, "9").findings(), "a key that is asked again was healed")
}

func TestRunsAsAWhole(t *testing.T) {
	s := newStory()
	s.run.Log = "level=INFO key=" + keyText
	s.run.Open = []string{"t1"}
	s.run.Goroutines = []string{"[select] in proxy.wait"}
	s.run.Metrics = samples(
		check.Sample{Step: 3, Name: "x_inflight", Series: "x_inflight", Gauge: true, Value: 2},
		check.Sample{Step: 4, Name: "x_inflight", Series: "x_inflight", Gauge: true, Value: -1},
		check.Sample{Step: -1, Name: "x_inflight", Series: "x_inflight", Gauge: true, Value: 1},
		check.Sample{Step: -1, Name: "x_total", Series: "x_total{key=" + keyText + "}", Value: 7},
	)
	assert.Equal(t, []string{
		"no-key-downstream: pool key k0 is in the log",
		"no-key-downstream: pool key k0 is in metric x_total",
		"gauges-balance: x_inflight is -1",
		"gauges-balance: x_inflight is still 1 with every client gone",
		"nothing-leaks: connection t1 is still open after Stop",
		"nothing-leaks: a goroutine is left after Stop: [select] in proxy.wait",
	}, s.findings())
}

// A gateway that promises no exact wait is not held to one.
func TestIntentDecides(t *testing.T) {
	s := newStory().ask("").attempt("k0", 429, retryAfter, "5").attempt("k1", 429, retryAfter, "3").answer(429, retryAfter, "5")
	require.NotEmpty(t, s.findings())
	s.run.Intent.Exact = false
	assert.Empty(t, s.findings())
}

func TestChecksSayWhatTheyAre(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range check.All() {
		assert.NotEmpty(t, c.Sentence, c.Name)
		assert.False(t, seen[c.Name], c.Name)
		seen[c.Name] = true
	}
}
