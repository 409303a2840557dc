package fakeupstream_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// What an answer says of its usage is what a request costs, whichever word of the script says it.
func TestLimitsChargeWhatUsageTells(t *testing.T) {
	for _, test := range []struct{ rule, body, left string }{
		{"200", `{}`, "97"},
		{"200 tokens=1200/40", `{}`, "60"},
		{`200 text="one two three four five"`, `{}`, "95"},
		{`200 text="one two" thinking="a b c"`, `{}`, "95"},
		{"200 tools=f,g", `{}`, "96"},
		{"200 stream events=10", `{}`, "90"},
		{"200", `{"n":3}`, "91"},
		{"200 stream", `{"n":2,"reasoning_effort":"low"}`, "88"},
		{"200 strict", `{"model":"m"}`, "100"},
		{"200 strict", `{"model":"m","messages":[]}`, "97"},
	} {
		u, _ := newLimited(t, "limit otpm=100", "key k0: "+test.rule)
		w := chatAs(u, "k0", test.body)
		assert.Equal(t, test.left, w.Header().Get("X-Ratelimit-Remaining-Tokens"), "%s: %s", test.rule, test.body)
	}
}

// What the vendor refuses for what it is costs nothing, not even a request: of any number of them none is refused by the
// limit, and those that come after are served.
func TestWhatStrictRefusesCostsNothing(t *testing.T) {
	u, _ := newLimited(t, "limit rpm=2 concurrent=1", "key k0: 200 strict")
	for range 3 {
		assert.Equal(t, 400, chatAs(u, "k0", `{"model":"m"}`).Code)
	}
	for _, want := range []int{200, 200, 429} {
		assert.Equal(t, want, chatAs(u, "k0", `{"model":"m","messages":[]}`).Code)
	}
	assert.Equal(t, 429, chatAs(u, "k0", `{"model":"m"}`).Code, "the limit comes first")
}

// Anthropic charges no limit of input for what its cache had; an account is charged for all of it.
func TestInputThatUsageTells(t *testing.T) {
	const prefix = "Anthropic-Ratelimit-"
	u, _ := newLimited(t, "limit itpm=2000", "quota tokens=2500", "key k0: 200 tokens=1200/80 cached=1000")
	want := "Input-Tokens-Limit=2000 Input-Tokens-Remaining=1800"
	assert.Equal(t, want, limitHeaders(messageAs(u, "k0", "{}"), prefix, "Input-Tokens-Limit", "Input-Tokens-Remaining"))
	assert.Equal(t, 200, messageAs(u, "k0", "{}").Code)
	assert.Equal(t, 402, messageAs(u, "k0", "{}").Code, "2,560 of 2,500 are spent")
	plain := fakeupstream.New(fakeupstream.Config{Secrets: secrets()})
	plain.Play(parseAll(t, "limit itpm=2000", "key k0: 200 tokens=1200/80 cached=1000")...)
	for _, want := range []int{200, 200, 429} {
		assert.Equal(t, want, chatAs(plain, "k0", "{}").Code, "OpenAI charges for all of it")
	}
}
