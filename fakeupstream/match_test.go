package fakeupstream_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

func TestFirstRuleThatFitsAnswers(t *testing.T) {
	u, _ := newUpstream(t, fakeupstream.Auto,
		"key k0 path=/v1/messages model=m1: 201",
		"key k0 path=/v1/messages: 202",
		"key any model=m1: 203",
		"key k0 path=/v1/mo*: 205",
		`key k0 path="/v1/a:b": 206`,
	)
	tests := []struct {
		path, body, secret string
		want               int
	}{
		{"/v1/messages", `{"model":"m1"}`, "sk-secret-zero", 201},
		{"/v1/messages", `{"model":"m2"}`, "sk-secret-zero", 202},
		{"/v1/messages", `{}`, "sk-secret-zero", 202},
		{"/v1/messages", `{"model":"m1"}`, "sk-secret-one", 203},
		{"/v1/responses", `{"model":"m1"}`, "sk-secret-zero", 203},
		{"/v1/models/x", `{}`, "sk-secret-zero", 205},
		{"/v1/a:b", `{}`, "sk-secret-zero", 206},
		{"/v1/messages/count_tokens", `{}`, "sk-secret-zero", 501},
	}
	for _, test := range tests {
		got := ask(u, "POST", test.path, test.body, "X-Api-Key: "+test.secret).Code
		assert.Equal(t, test.want, got, "%s %s with %s", test.path, test.body, test.secret)
	}
}

func TestRequestThatNothingAnswersIsToldTheNearestRule(t *testing.T) {
	u, _ := newUpstream(t, fakeupstream.Auto, "key k1: 200 times=1", "key k0 path=/v1/messages model=m1: 200", "key k0 path=/v1/messages model=m1 end=loop: 200")
	ask(u, "POST", "/v1/messages", `{"model":"m2"}`, "X-Api-Key: sk-secret-zero")
	assert.Equal(t, `unmatched: alpha.invalid: no rule answers POST /v1/messages key=k0 (rules: key k1, key k0 path=/v1/messages model=m1, `+
		`key k0 path=/v1/messages model=m1 end=loop); nearest rule: key k0 path=/v1/messages model=m1, and the request's model is "m2"`, texts(u.Faults())[0])
	assert.Contains(t, texts(u.Faults()), `unasked: alpha.invalid: key k0 path=/v1/messages model=m1 end=loop: answer "200" was never asked for (an earlier rule answers its requests)`)
}

func TestEndOfASequence(t *testing.T) {
	tests := []struct {
		rule string
		want []int
	}{
		{"key k0: 429 times=2, then 200", []int{429, 429, 200, 501, 501}},
		{"key k0 end=fail: 429 times=2, then 200", []int{429, 429, 200, 501, 501}},
		{"key k0 end=repeat: 429 times=2, then 200", []int{429, 429, 200, 200, 200}},
		{"key k0 end=loop: 429 times=2, then 200", []int{429, 429, 200, 429, 429, 200, 429}},
		{"key k0 end=repeat: 200 times=2", []int{200, 200, 200}},
	}
	for _, test := range tests {
		u, _ := newUpstream(t, fakeupstream.Auto, test.rule)
		var got []int
		for range test.want {
			got = append(got, chat(u, "sk-secret-zero"))
		}
		assert.Equal(t, test.want, got, test.rule)
	}
}

func TestCovers(t *testing.T) {
	tests := []struct {
		first, second string
		want          bool
	}{
		{"key k0: 200", "key k0 path=/a: 200", true},
		{"key k0 path=/a: 200", "key k0: 200", false},
		{"key any path=/a*: 200", "key k0 path=/ab model=m: 200", true},
		{"key any path=/a*: 200", "key k0 path=/ab*: 200", false},
		{"key k0 model=m: 200", "key k0 model=n: 200", false},
		{"connection: ok", "connection: refuse", true},
		{"key any: 200", "connection: refuse", false},
	}
	for _, test := range tests {
		rules := parseAll(t, test.first, test.second)
		assert.Equal(t, test.want, rules[0].Covers(rules[1]), "%q covers %q", test.first, test.second)
	}
}

func TestMistakesOfBreaksAndMatchers(t *testing.T) {
	tests := []struct{ line, want string }{
		{"key k0: 200 reset", `offset 12: reset does not say where: want reset after=event:2, or another of status, headers, byte:N, event:N, chunk, trailer`},
		{"key k0: 200 hold after=status", `offset 17: after= belongs to stall, reset, close, half-close, truncate, garbage, error: want "stall after=POINT for=DURATION"`},
		{"key k0: 200 reset after=event", `offset 24: event without a number: want event:2`},
		{"key k0: 200 reset after=byte:x", `offset 24: bad number "x" in byte:x: want a whole number, as in byte:2`},
		{"key k0: 200 reset after=byte:", `offset 24: bad number "" in byte:: want a whole number, as in byte:2`},
		{"key k0: 200 reset after=status:1", `offset 24: status has no number: want status`},
		{"key k0: 200 reset after=bytes:1", `offset 24: unknown point "bytes:1": want one of status, headers, byte:N, event:N, chunk, trailer`},
		{"key k0: 200 reset after=chunk:0", `offset 24: bad number "0" in chunk:0: want a whole number, as in chunk:2`},
		{"key k0: 200 reset after=event:1 truncate after=event:2", `offset 32: the answer ends with reset after=event:1 already: leave truncate after=event:2 away`},
		{"key k0: 200 error after=byte:1", `offset 12: error after=byte:1: want an event to come after, as in error after=event:2`},
		{"key k0: 200 stall after=event:1 for=0s", `offset 36: bad duration "0s": want more than nothing, as in for=30s`},
		{"key k0: 200 reset after=event:1 for=1s", `offset 32: for= belongs to stall: want "stall after=POINT for=DURATION"`},
		{"key k0: 200 slow", `offset 12: slow does not say how slow: want slow rate=10B/s`},
		{"key k0: 200 slow rate=10", `offset 22: bad rate "10": want bytes a second, as in rate=10B/s`},
		{"key k0: 200 length=-1", `offset 19: bad length "-1": want a number of bytes, as in length=10`},
		{"key k0: 200 length=", `offset 19: bad length "": want a number of bytes, as in length=10`},
		{"key k0: 200 duplicate=2", `offset 22: bad event "2": want the event that is sent twice, as in duplicate=event:2`},
		{"key k0: 200 http=2", `offset 17: unknown version "2": want http=1.0`},
		{"key k0: 200 http=1.0 trailer=A:b", `offset 21: trailer= on an answer that is not chunked: leave length= and http= away`},
		{"key k0: 200 early=soon", `offset 18: unknown way "soon": want early=read, early=stop or early=close`},
		{"key k0: 200 continue=no", `offset 21: unknown way "no": want continue=ignored, continue=never or continue=refused`},
		{"key k0: 200 early=read continue=never", `offset 12: early= beside continue=: both say what becomes of the request's body, so leave one away`},
		{"key k0 path=v1: 200", `offset 12: bad path "v1": want one such as /v1/messages, or /v1/* for all that begins so`},
		{"key k0 end=over: 200", `offset 11: unknown end "over": want end=fail, end=repeat or end=loop`},
		{"key k0 model=: 200", `offset 13: model= without a name: want model=gpt-4o`},
		{"key k0 colour=red: 200", `offset 7: unknown word "colour" before the colon: want path=, model= or end=`},
		{"connection:", `offset 11: the rule has no connection: want ok, refuse, tls-fail, cert=other-host, cert=expired or cert=self-signed`},
		{"connection: deny", `offset 12: unknown connection "deny": want ok, refuse, tls-fail, cert=other-host, cert=expired or cert=self-signed`},
		{"connection: refuse times=0", `offset 25: bad count "0": want a whole number from 1 on, as in times=2`},
		{"connection: refuse delay=1s", `offset 19: unknown option "delay=1s" of a connection: want times=N`},
		{"connection: refuse, ok", `offset 20: no "then" after the comma: want "429, then 200"`},
	}
	for _, test := range tests {
		_, err := fakeupstream.ParseRule(test.line)
		if assert.Error(t, err, test.line) {
			assert.Equal(t, "fakeupstream: rule: "+test.want, err.Error(), test.line)
		}
	}
}
