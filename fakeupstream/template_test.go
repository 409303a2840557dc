package fakeupstream_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// TestRepeatedRequestsGetWhatNewOnesDo: an answer that is filled into a template has the bytes that the vendor's dialect
// composes for the same request when it comes for the first time, whatever is asked, answered and said.
func TestRepeatedRequestsGetWhatNewOnesDo(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		vendor := rapid.SampledFrom(append(fakeupstream.Vendors(), fakeupstream.Auto)).Draw(rt, "vendor")
		a := genWhole().Draw(rt, "answer")
		if rapid.Bool().Draw(rt, "a text that looks like a mark") && a.Say.Text != nil {
			*a.Say.Text = "\x7f0\x7f\x7f"
		}
		q, step := genQuestion().Draw(rt, "question"), rapid.SampledFrom([]time.Duration{0, 300 * time.Millisecond, 997 * time.Millisecond, 2 * time.Second}).Draw(rt, "step")
		begin := virtualStart.Add(time.Duration(rapid.IntRange(0, 999).Draw(rt, "ms")) * time.Millisecond)
		others := []question{{"GET", "/v1/models", "1", nil}, {"GET", "/v1/models", "2", nil}, {"GET", "/v1/models", "3", nil}, {"GET", "/v1/models", "4", nil}}
		same := []question{q, q, q, q, q}
		repeated := playInSteps(t, vendor, a, begin, step, same)
		for n := range same {
			alone := playInSteps(t, vendor, a, begin, step, append(append([]question{}, others[:n]...), q))
			require.Equal(rt, alone[n], repeated[n], "request %d", n+1)
		}
	})
}

// playInSteps asks questions with a pause between them, and returns the transcripts.
func playInSteps(t *testing.T, vendor fakeupstream.Vendor, a fakeupstream.Answer, begin time.Time, step time.Duration, questions []question) []string {
	mock := quartz.NewMock(quiet{t})
	mock.Set(begin)
	u := fakeupstream.New(fakeupstream.Config{Vendor: vendor, Secrets: secrets(), Seed: 1, Models: []string{"m1", "m2"}, Clock: stoppedClock{mock}})
	u.Play(fakeupstream.Rule{Key: "any", Answers: []fakeupstream.Answer{a}})
	var out []string
	for _, q := range questions {
		out = append(out, transcript(ask(u, q.method, q.path, q.body, q.headers...)))
		mock.Advance(step)
	}
	return out
}

// TestAnswersThatFailKeepTheirCodes: the log has them of every request, whether it was the first of its kind or not.
func TestAnswersThatFailKeepTheirCodes(t *testing.T) {
	u, _ := newUpstream(t, fakeupstream.OpenAI, "key any: 429")
	for range 4 {
		chat(u, secretOf('0'))
	}
	for _, r := range u.Requests() {
		require.Equal(t, []string{"rate_limit_exceeded", "requests"}, r.ErrorCodes, r.Seq)
		require.Equal(t, "req_", r.AnswerHeader.Get("X-Request-Id")[:4])
	}
}

// TestATemplateHoldsForItsInstantOnly: an answer names two instants, its own second and the one in which limits reset,
// and a request that comes within the same second may fall into another of the latter.
func TestATemplateHoldsForItsInstantOnly(t *testing.T) {
	u, clock := newUpstream(t, fakeupstream.Anthropic, "key any: 200")
	second := virtualStart.Truncate(time.Second).Add(time.Second) // a mock clock does not go back
	for _, at := range []struct {
		ms    time.Duration
		reset string
	}{{900, "01Z"}, {900, "01Z"}, {900, "01Z"}, {995, "02Z"}, {995, "02Z"}, {995, "02Z"}, {1993, "02Z"}, {1993, "02Z"}, {1994, "03Z"}} {
		clock.Set(second.Add(at.ms * time.Millisecond))
		w := ask(u, "POST", "/v1/messages", "{}")
		require.Equal(t, "2000-01-01T00:00:"+at.reset, w.Header().Get("Anthropic-Ratelimit-Requests-Reset"), at.ms)
		require.Equal(t, second.Add(at.ms*time.Millisecond).Format(http.TimeFormat), w.Header().Get("Date"), at.ms)
	}
}
