package fakeupstream_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

const auth = "Authorization: Bearer "

func TestSightings(t *testing.T) {
	u, clock := newUpstream(t, fakeupstream.OpenAI, "key k0: 429", "key k1: 200", "key any: 401")
	ask(u, "POST", "/v1/responses", `{"a":1}`, auth+"sk-secret-zero")
	clock.Advance(2 * time.Second)
	ask(u, "POST", "/v1/responses", `{"a":1}`, auth+"sk-secret-one")
	ask(u, "POST", "/v1/responses", `{"a":2}`, auth+"sk-secret-one")
	ask(u, "POST", "/v1/responses?x=1", `{"a":1}`, auth+"sk-secret-one")
	ask(u, "PUT", "/v1/responses", `{"a":1}`, auth+"sk-secret-one")
	ask(u, "POST", "/v1/responses", `{"a":1}`, auth+"sk-secret-one", "Idempotency-Key: i1")
	ask(u, "POST", "/v1/messages", `{}`, auth+"sk-secret-one", "Idempotency-Key: i1")
	ask(u, "POST", "/v1/responses", `{"a":1}`)

	var got []string
	for _, s := range u.Sightings() {
		line := fmt.Sprintf("%d attempt %d", s.Seq, s.Attempt)
		for _, b := range s.Before {
			line += fmt.Sprintf(" after %d %s %d +%s", b.Seq, b.Key, b.Status, b.At.Sub(virtualStart))
		}
		got = append(got, line)
	}
	assert.Equal(t, []string{
		"1 attempt 1",
		"2 attempt 2 after 1 k0 429 +0s",
		"3 attempt 1", "4 attempt 1", "5 attempt 1",
		"6 attempt 1",
		"7 attempt 2 after 6 k1 200 +2s",
		"8 attempt 3 after 1 k0 429 +0s after 2 k1 200 +2s",
	}, got)

	byContent := fakeupstream.SightingsOf(u.Requests(), []string{})
	assert.Equal(t, 3, byContent[5].Attempt, "without headers a request is known by what it is")
}

func TestKeyHints(t *testing.T) {
	u, _ := newUpstream(t, fakeupstream.OpenAI, "key any: 200")
	for secret, want := range map[string]string{
		"sk-live-0123456789abcdefWXYZ": "…WXYZ", "nineteen-characters": "…", "ääääääääääääääääéèêë": "…éèêë",
	} {
		ask(u, "GET", "/v1/models", "", auth+secret)
		all := u.Requests()
		assert.Equal(t, want, all[len(all)-1].KeyHint, "of %q", secret)
	}
	ask(u, "GET", "/v1/models?key=sk-live-0123456789abcdefWXYZ&b=c", "")
	all := u.Requests()
	assert.Equal(t, "", all[3].KeyHint)
	assert.Equal(t, "GET /v1/models?key=…WXYZ&b=c key=none, answered 200", all[3].String())
}

func TestEarlyAsks(t *testing.T) {
	tests := []struct {
		rule string
		wait time.Duration // 0: the answer does not say
	}{
		{"key k1: 429 retry-after=3, then 200 times=9", 3 * time.Second},
		{"key k1: 429 retry-after=2.5, then 200 times=9", 2500 * time.Millisecond},
		{"key k1: 429 retry-after-ms=1500 retry-after=9, then 200 times=9", 1500 * time.Millisecond},
		{"key k1: 429 retry-after=date+5s, then 200 times=9", 4500 * time.Millisecond}, // dates have whole seconds
		{"key k1: 429 retry-after=garbage, then 200 times=9", 0},
		{"key k1: 429 retry-after=date-5s, then 200 times=9", 0},
		{"key k1: 503 retry-after=5, then 200 times=9", 0}, // says nothing of the key
	}
	for _, test := range tests {
		u, clock := newUpstream(t, fakeupstream.OpenAI, test.rule, "key k0: 200")
		chat(u, "sk-secret-one")
		if test.wait == 0 {
			clock.Advance(time.Second)
			chat(u, "sk-secret-one")
			assert.Empty(t, u.EarlyAsks(), test.rule)
			continue
		}
		clock.Advance(test.wait - time.Millisecond)
		chat(u, "sk-secret-zero")
		chat(u, "sk-secret-one")
		clock.Advance(time.Millisecond)
		chat(u, "sk-secret-one") // exactly then it is in order
		early := u.EarlyAsks()
		require.Len(t, early, 1, test.rule)
		assert.Equal(t, "k1 was asked once, 1ms before its cooldown ended: by request 3 (POST /v1/chat/completions), though request 1 was answered 429 and told to wait "+test.wait.String(), early[0].String())
	}
}

func TestAssertionsThatFail(t *testing.T) {
	clock := quartz.NewMock(t)
	r := &recorder{}
	up := fakeupstream.ServerConfig{Config: fakeupstream.Config{Name: "alpha.invalid", Clock: clock}, AtEnd: fakeupstream.AtEndIgnore}.
		Start(r, "key k1: 429 retry-after=3, then 200, then 200\nkey k0: 200")
	post(t, up.Client(), up.URL, "sk-k1")
	clock.Advance(time.Second)
	post(t, up.Client(), up.URL, "sk-k1")
	tests := []struct {
		name  string
		check func() bool
		want  string
	}{
		{"rested", up.AssertRested, "alpha.invalid: k1 was asked once, 2s before its cooldown ended: by request 2 (POST /v1/chat/completions), though request 1 was answered 429 and told to wait 3s"},
		{"twice", up.AssertNoKeyTwice, "alpha.invalid: POST /v1/chat/completions was tried with k1 again: request 2 is attempt 2 of what request 1 was, 1s before (tried so far: k1)"},
		{"keys", func() bool { return up.AssertKeys("k1", "k0") }, "alpha.invalid: requests came with the keys k1 k1, want k1 k0\n  1  +0s  POST /v1/chat/completions key=k1, answered 429\n  2  +1s  POST /v1/chat/completions key=k1, answered 200"},
		{"asked", func() bool { return up.AssertAsked("k0", 1) }, "alpha.invalid: k0 was asked 0 times, want 1 time"},
		{"got", func() bool { return up.AssertGot("POST /v1/chat/completions key=k1, answered 429") }, "alpha.invalid: other requests came than were wanted:\n    POST /v1/chat/completions key=k1, answered 429\n  ✗ want (nothing)\n     got POST /v1/chat/completions key=k1, answered 200"},
		{"played", up.AssertPlayed, "unasked: alpha.invalid: key k1: answer 3 of 3 \"200\" was never asked for (the rule was asked 2 times)\nunasked: alpha.invalid: key k0: answer \"200\" was never asked for"},
	}
	for _, test := range tests {
		r.failures = nil
		assert.False(t, test.check(), test.name)
		assert.Equal(t, test.want, joined(r), test.name)
	}
	r.failures = nil
	assert.True(t, up.AssertKeys("k1", "k1"))
	assert.True(t, up.AssertAsked("k0", 0))
	assert.Empty(t, r.end())
}

func joined(r *recorder) string {
	text := ""
	for i, f := range r.failures {
		if i > 0 {
			text += "\n"
		}
		text += f
	}
	return text
}

func TestKeepBoundsTheLog(t *testing.T) {
	var ended []string
	u := fakeupstream.New(fakeupstream.Config{Keep: 3, OnEnd: func(r fakeupstream.Request) { ended = append(ended, r.String()) }})
	u.Play(parseAll(t, "key any: 200")...)
	for i := range 20 {
		body, err := json.Marshal(i)
		require.NoError(t, err)
		ask(u, "POST", "/v1/responses", string(body))
	}
	var got []int
	for _, r := range u.Requests() {
		got = append(got, r.Seq)
	}
	assert.Equal(t, []int{18, 19, 20}, got)
	assert.Len(t, ended, 20)
}

// A request whose answer goes on while the log drops it, or while all begins anew, ends like any other.
func TestResetInTheMiddleOfAnAnswer(t *testing.T) {
	ends := make(chan fakeupstream.Request, 1)
	var u *fakeupstream.Upstream
	u = fakeupstream.New(fakeupstream.Config{
		OnEvent: func(r fakeupstream.Request, n int) {
			if r.Seq == 1 && n == 1 {
				u.Reset()
			}
		},
		OnEnd: func(r fakeupstream.Request) { ends <- r },
	})
	u.Play(parseAll(t, "key any: 200 stream events=3, then 201")...)
	ask(u, "POST", "/v1/chat/completions", "{}")
	r := <-ends
	assert.Equal(t, 3, r.Events)
	assert.Equal(t, 1, r.Seq)
	assert.Empty(t, u.Requests())
	assert.Len(t, u.Faults(), 2, "both answers are to be asked for again")
	assert.Equal(t, 200, ask(u, "POST", "/v1/chat/completions", "{}").Code)
	assert.Equal(t, 2, u.Requests()[0].Seq)
}
