package check_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// alphaRow is the row that stories begin with.
func alphaRow(change func(*trace.ProviderLoaded)) trace.ProviderLoaded {
	row := trace.ProviderLoaded{Name: "alpha", Type: "openai", Host: alpha, Keys: []string{"k0", "k1"}, Status: "enabled"}
	change(&row)
	return row
}

func unchanged(*trace.ProviderLoaded) {}

// overlap has a request c2 under way with k0 while k0 is answered another one.
func overlap(late int, header ...string) *story {
	s := newStory()
	s.step++
	s.see(trace.RequestSent{Client: "c2", ID: "late", Host: alpha, Method: "POST", Target: "/v1", Body: trace.Body{Bytes: []byte("body")}})
	arrived := s.now
	s.ask("").attempt("k0", 429, retryAfter, "50").attempt("k1", 200).answer(200).wait(time.Second)
	body := trace.Body{Bytes: []byte("body")}
	s.see(trace.UpstreamGot{Host: alpha, Key: "k0", Status: late, Answer: head(header), Body: body, Request: "late", Arrived: arrived})
	s.see(trace.UpstreamGot{Host: alpha, Key: "k1", Status: 200, Body: body, Request: "late", Arrived: s.now})
	return s.see(trace.ClientGot{Client: "c2", ID: "late", Status: 200})
}

func TestKeyChecks(t *testing.T) {
	limitedK0 := func() *story {
		return newStory().ask("").attempt("k0", 429, retryAfter, "5").attempt("k1", 200).answer(200)
	}
	refusedK0 := func() *story {
		return newStory().ask("").attempt("k0", 401).attempt("k1", 200).answer(200)
	}
	const tooEarly = "cooling-key-rests: alpha.invalid got key k0, which was answered 429 4.999s before and rests until then"
	const isOut = "disabled-key-rests: alpha.invalid got key k0, which was answered 401 0s before and is disabled"
	tests := []struct {
		name  string
		story *story
		want  []string
	}{
		{"a key rests until its deadline", limitedK0().wait(5*time.Second).ask("").attempt("k0", 200).answer(200), nil},
		{"a key is used before its deadline", limitedK0().wait(4999*time.Millisecond).ask("").attempt("k0", 200).answer(200), []string{tooEarly}},
		{"a client's own key may rest in a pool", limitedK0().ask("k0").attempt("k0", 200).answer(200), nil},
		{"a limit of a client's own key marks nothing",
			newStory().ask("k0").attempt("k0", 429, retryAfter, "5").answer(429, retryAfter, "5").ask("").attempt("k0", 200).answer(200), nil},
		{"a reload that changes nothing leaves a key resting",
			limitedK0().load(alphaRow(unchanged)).wait(4*time.Second).ask("").attempt("k0", 200).answer(200),
			[]string{"marks-survive-reload: alpha.invalid got key k0, which was answered 429 4s before and was forgotten by a reload that left its row alone"}},
		{"a key that was away may have been forgotten",
			limitedK0().load(alphaRow(func(p *trace.ProviderLoaded) { p.Keys = []string{"k1"} })).load(alphaRow(unchanged)).
				ask("").attempt("k0", 200).answer(200), nil},
		{"a key of two rows is two keys",
			newStory().load(alphaRow(unchanged), alphaRow(func(p *trace.ProviderLoaded) { p.Name, p.Host = "beta", "beta.invalid" })).
				ask("").attempt("k0", 429, retryAfter, "5").attempt("k1", 200).answer(200).ask("").attempt("k0", 200).answer(200), nil},
		{"an answer that nobody saw marks nothing",
			newStory().ask("").attempt("k0", 429, retryAfter, "5").see(trace.UpstreamConnection{Host: alpha, Did: "refused a connection"}).
				answer(502).ask("").attempt("k0", 200).answer(200), nil},
		{"502 with a key left", newStory().ask("").attempt("k0", 401).answer(502),
			[]string{"all-tried-before-exhausted: c got 502, and key k1 was not tried: nothing speaks against it"}},
		{"502 with a key left that an answer broke off for",
			newStory().ask("").try(trace.UpstreamGot{Host: alpha, Key: "k0", Status: 401, Broken: true, Body: trace.Body{Bytes: []byte("body")}}).answer(502), nil},

		{"a shorter hint comes later, and its deadline counts",
			overlap(429, retryAfter, "2").wait(10*time.Second).ask("").attempt("k0", 200).answer(200),
			[]string{"later-deadline-wins: alpha.invalid got key k0, which was answered 429 11s before and rests until then, although a later answer named an earlier time"}},
		{"a shorter hint comes later, and the first deadline counts",
			overlap(429, retryAfter, "2").wait(50*time.Second).ask("").attempt("k0", 200).answer(200), nil},

		{"a disabled key is used", refusedK0().ask("").attempt("k0", 200).answer(200), []string{isOut}},
		{"a disabled key is used after a reload", refusedK0().load(alphaRow(unchanged)).ask("").attempt("k0", 200).answer(200),
			[]string{"marks-survive-reload: alpha.invalid got key k0, which was answered 401 0s before and was forgotten by a reload that left its row alone"}},
		{"a disabled key is used behind another URL",
			refusedK0().load(alphaRow(func(p *trace.ProviderLoaded) { p.URL = "https://alpha.invalid/v1" })).
				ask("").try(trace.UpstreamGot{Host: alpha, Target: "/v1", Key: "k0", Status: 200, Body: trace.Body{Bytes: []byte("body")}}).answer(200), nil},
		{"a disabled key was told to rest as well", overlap(401).wait(time.Second).ask("").attempt("k0", 200).answer(200),
			[]string{"disabled-key-rests: alpha.invalid got key k0, which was answered 401 1s before and is disabled"}},

		{"429 with a key left", newStory().ask("").attempt("k0", 429, retryAfter, "5").answer(429, retryAfter, "5"),
			[]string{"all-tried-before-exhausted: c got 429, and key k1 was not tried: nothing speaks against it"}},
		{"a refusal is forwarded with a key left", newStory().ask("").attempt("k0", 401).answer(401),
			[]string{"all-tried-before-exhausted: c got 401, and key k1 was not tried: nothing speaks against it"}},
		{"429 with a key that is back",
			limitedK0().wait(6*time.Second).ask("").attempt("k1", 429, retryAfter, "7").answer(429, retryAfter, "7"),
			[]string{"retry-after-is-true: c was told to wait 7 s; the first key is back in 1 s",
				"marks-heal: c got 429, and key k0 was not tried: its rest was over: it was answered 429 for the last time"}},
		{"429 with a key that rests", limitedK0().ask("").attempt("k1", 429, retryAfter, "7").answer(429, retryAfter, "5"), nil},
		{"429 while the rows change",
			newStory().ask("").attempt("k0", 429, retryAfter, "5").load(alphaRow(unchanged)).answer(429, retryAfter, "5"), nil},
		{"a key is passed over after a server's error",
			newStory().ask("").attempt("k1", 500).answer(500).ask("").attempt("k0", 429, retryAfter, "5").answer(429, retryAfter, "5"),
			[]string{"request-faults-do-not-mark: c got 429, and key k1 was not tried: it was only ever answered 500"}},
		{"a key is tried after a server's error",
			newStory().ask("").attempt("k1", 500).answer(500).ask("").attempt("k0", 429, retryAfter, "5").attempt("k1", 200).answer(200), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, test.story.findings())
		})
	}
}

// Under the recovering policy a 401 is no rate limit, and a code may say more than its
// status.
func TestKeyChecksGoByTheIntent(t *testing.T) {
	recovering := func() *story {
		s := newStory()
		s.run.Intent = check.Recovering()
		return s
	}
	unpaid := trace.UpstreamGot{Host: alpha, Key: "k0", Status: 429, Codes: []string{"credit_balance_exhausted", "insufficient_quota"}, Body: trace.Body{Bytes: []byte("body")}}
	tests := []struct {
		name  string
		story *story
		want  []string
	}{
		{"a refused key is used a minute later",
			recovering().ask("").attempt("k0", 401).attempt("k1", 200).answer(200).wait(time.Minute).ask("").attempt("k0", 200).answer(200), nil},
		{"a refused key is used at once",
			recovering().ask("").attempt("k0", 401).attempt("k1", 200).answer(200).ask("").attempt("k0", 200).answer(200),
			[]string{"cooling-key-rests: alpha.invalid got key k0, which was answered 401 0s before and rests until then"}},
		{"all refused", recovering().ask("").attempt("k0", 401).attempt("k1", 401).answer(502), nil},
		{"all refused, and called a rate limit", recovering().ask("").attempt("k0", 401).attempt("k1", 401).answer(429, retryAfter, "60"),
			[]string{"retry-after-is-true: c got 429 from a pool of which no key is resting after a rate limit"}},
		{"the rate limit's wait counts, not the refusal's",
			recovering().ask("").attempt("k0", 401).attempt("k1", 429, retryAfter, "90").answer(429, retryAfter, "90"), nil},
		{"the refusal's wait is told",
			recovering().ask("").attempt("k0", 401).attempt("k1", 429, retryAfter, "90").answer(429, retryAfter, "60"),
			[]string{"retry-after-is-true: c was told to wait 60 s; the first key is back in 90 s"}},
		{"a 403 is the client's", recovering().ask("").attempt("k0", 403).answer(403).ask("").attempt("k0", 200).answer(200), nil},
		{"an account that is not paid for rests for an hour",
			recovering().ask("").try(unpaid).attempt("k1", 401).answer(429, retryAfter, "3600"), nil},
		{"an account that is not paid for is used a minute later",
			recovering().ask("").try(unpaid).attempt("k1", 200).answer(200).wait(time.Minute).ask("").attempt("k0", 200).answer(200),
			[]string{"cooling-key-rests: alpha.invalid got key k0, which was answered 429 1m0s before and rests until then"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, test.story.findings())
		})
	}
}

func TestBodyChecks(t *testing.T) {
	got := func(s *story, status int, body, err string) *story {
		return s.see(trace.ClientGot{Client: "c", ID: "1", Status: status, Body: trace.Body{Bytes: []byte(body)}, Err: err})
	}
	const length = "Content-Length"
	tests := []struct {
		name  string
		story *story
		want  []string
	}{
		{"an error arrives", got(newStory().ask("").attempt("k0", 500, length, "4"), 500, "oops", ""), nil},
		{"an error's body is lost", got(newStory().ask("").attempt("k0", 500, length, "4"), 500, "", ""),
			[]string{"error-body-arrives: c got 500 with 0 bytes and took them for all; the upstream announced 4"}},
		{"an own key's error is replaced", got(newStory().ask("mine").attempt("mine", 401, length, "4"), 401, "something else", ""),
			[]string{"error-body-arrives: c got 401 with 14 bytes and took them for all; the upstream announced 4"}},
		{"a gateway's own words for a pool at its end",
			got(newStory().ask("").attempt("k0", 401, length, "4").attempt("k1", 429, length, "4"), 429, "wait", "").see(trace.Reloaded{}), []string{
				`retry-after-is-true: c got 429 with retry-after=""; a key is back in 60 s`}},
		{"an encoded error", got(newStory().ask("").attempt("k0", 500, length, "4", "Content-Encoding", "gzip"), 500, "longer", ""), nil},
		{"a broken body is seen to be broken", got(newStory().ask("").attempt("k0", 200, length, "4"), 200, "hal", "unexpected EOF"), nil},
		{"a broken body looks whole", got(newStory().ask("").attempt("k0", 200, length, "4"), 200, "hal", ""),
			[]string{"truncation-is-visible: c got 200 with 3 bytes and took them for all; the upstream announced 4"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, test.story.findings())
		})
	}
}
