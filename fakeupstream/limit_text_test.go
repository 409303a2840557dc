package fakeupstream_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

var limitTests = []struct {
	text      string
	want      fakeupstream.Limit
	canonical string
}{
	{text: "limit rpm=60", want: fakeupstream.Limit{Kind: fakeupstream.LimitRate, RPM: 60}},
	{text: "\tlimit  burst=10 rpm=60 ", want: fakeupstream.Limit{Kind: fakeupstream.LimitRate, RPM: 60, Burst: 10}, canonical: "limit rpm=60 burst=10"},
	{text: "limit org=acme keys=k0,k1 rpm=60 tpm=10000 itpm=1 otpm=2 concurrent=3", want: fakeupstream.Limit{Kind: fakeupstream.LimitRate, Org: "acme",
		Keys: []string{"k0", "k1"}, RPM: 60, TPM: 10000, InputTPM: 1, OutputTPM: 2, Concurrent: 3}},
	{text: "limit by=key rps=1", want: fakeupstream.Limit{Kind: fakeupstream.LimitRate, RPS: 1}, canonical: "limit rps=1"},
	{text: "limit by=address path=/v1/* model=gpt-4o rps=1 retry-after=both", want: fakeupstream.Limit{Kind: fakeupstream.LimitRate,
		By: fakeupstream.ByAddress, Path: "/v1/*", Model: "gpt-4o", RPS: 1, Hint: fakeupstream.HintBoth}},
	{text: `limit rpm=1 retry-after=5`, want: fakeupstream.Limit{Kind: fakeupstream.LimitRate, RPM: 1, Hint: fakeupstream.HintText, HintText: "5"}},
	{text: `limit rpm=1 retry-after="ms" message="in {wait}"`, want: fakeupstream.Limit{Kind: fakeupstream.LimitRate, RPM: 1,
		Hint: fakeupstream.HintText, HintText: "ms", Message: "in {wait}"}},
	{text: "quota keys=none day=1 day-tokens=2 requests=3 tokens=4", want: fakeupstream.Limit{Kind: fakeupstream.LimitQuota,
		Keys: []string{"none"}, Day: 1, DayTokens: 2, Requests: 3, Tokens: 4}},
	{text: "window 529 from=10s to=1m0s", want: fakeupstream.Limit{Kind: fakeupstream.LimitWindow, Status: 529, From: 10 * time.Second, To: time.Minute},
		canonical: "window 529 from=10s to=1m"},
	{text: "window 503 from=0s to=+1s", want: fakeupstream.Limit{Kind: fakeupstream.LimitWindow, Status: 503, To: time.Second}, canonical: "window 503 to=1s"},
	{text: "revoked keys=k0 at=+30s", want: fakeupstream.Limit{Kind: fakeupstream.LimitRevoked, Keys: []string{"k0"}, At: 30 * time.Second},
		canonical: "revoked keys=k0 at=30s"},
	{text: "revoked at=0s", want: fakeupstream.Limit{Kind: fakeupstream.LimitRevoked}},
	{text: "revoked keys=k0 at=1h path=/v1/models", want: fakeupstream.Limit{Kind: fakeupstream.LimitRevoked, Keys: []string{"k0"}, At: time.Hour,
		Path: "/v1/models"}, canonical: "revoked keys=k0 path=/v1/models at=1h"},
}

func TestParseLimits(t *testing.T) {
	for _, test := range limitTests {
		got, err := fakeupstream.ParseRule(test.text)
		require.NoError(t, err, "ParseRule(%q)", test.text)
		assert.Equal(t, fakeupstream.Rule{Limit: &test.want}, got, "ParseRule(%q)", test.text)
		want := test.canonical
		if want == "" {
			want = test.text
		}
		assert.Equal(t, want, got.String(), "ParseRule(%q).String()", test.text)
	}
}

func TestParseAnswersThatAreLimits(t *testing.T) {
	got, err := fakeupstream.ParseRule("key k0: limit rpm=60 stream events=2 burst=3 retry-after=ms, then limit tpm=5 times=2, then 401")
	require.NoError(t, err)
	assert.Equal(t, rule("k0",
		fakeupstream.Answer{Status: 200, Stream: &fakeupstream.Stream{Events: 2},
			Limit: &fakeupstream.Limit{Kind: fakeupstream.LimitRate, RPM: 60, Burst: 3, Hint: fakeupstream.HintMS}},
		fakeupstream.Answer{Status: 200, Times: 2, Limit: &fakeupstream.Limit{Kind: fakeupstream.LimitRate, TPM: 5}},
		answer(401)), got)
	assert.Equal(t, "key k0: limit rpm=60 burst=3 retry-after=ms stream events=2, then limit tpm=5 times=2, then 401", got.String())
}

func TestMistakesOfLimits(t *testing.T) {
	const number = "want a whole number from 1 to 150000000, as in rpm=60"
	for _, test := range []struct {
		text string
		want []mistakeAt
	}{
		{"limits rpm=60", []mistakeAt{{0, `unknown word "limits": did you mean limit?`}}},
		{"limit", []mistakeAt{{5, "a limit of nothing: want one of rps, rpm, tpm, itpm, otpm, concurrent, as in limit rpm=60"}}},
		{"limit rpm", []mistakeAt{{6, "rpm has no value: want rpm=60"}}},
		{"limit rpm=0", []mistakeAt{{10, `bad number "0": ` + number}}},
		{"limit rpm=+6", []mistakeAt{{10, `bad number "+6": ` + number}}},
		{"limit rpm=150000001 rpm=1", []mistakeAt{{10, `bad number "150000001": ` + number}, {20, "rpm is given twice: want it once"}}},
		{"limit brust=60", []mistakeAt{{6, `unknown option "brust" of a limit: did you mean burst?`}}},
		{"limit day=60", []mistakeAt{{6, "a limit has no day=, which a quota has: want one of org, keys, by, path, model, rps, rpm, burst, tpm, itpm, otpm, concurrent, retry-after, message"}}},
		{"limit rpm=60, then 200", []mistakeAt{{6, "a comma after rpm: a limit is one line, so write another one for what follows"},
			{14, `unknown option "then" of a limit: want one of org, keys, by, path, model, rps, rpm, burst, tpm, itpm, otpm, concurrent, retry-after, message`},
			{19, `unknown option "200" of a limit: want one of org, keys, by, path, model, rps, rpm, burst, tpm, itpm, otpm, concurrent, retry-after, message`}}},
		{"limit rpm=1 keys=k0,K1", []mistakeAt{{17, `bad key name "K1": want small letters, digits and hyphens, as in keys=k0,k1`}}},
		{"limit rpm=1 keys=any", []mistakeAt{{12, "keys=any: leave keys= away, which means every key"}}},
		{"limit rpm=1 keys=k0,k0", []mistakeAt{{12, "k0 is there twice: want it once"}}},
		{"limit rpm=1 by=ip", []mistakeAt{{15, "unknown by=ip: want by=key or by=address"}}},
		{"limit rpm=1 by=address org=acme", []mistakeAt{{12, "by=address beside org=: an address is nobody's key, so leave one away"}}},
		{"limit rpm=1 org=", []mistakeAt{{16, "org= without a value: want org=acme"}}},
		{"limit rpm=1 path=v1", []mistakeAt{{12, `bad path "v1": want one such as /v1/messages, or /v1/* for all that begins so`}}},
		{"limit tpm=1 burst=1", []mistakeAt{{12, "burst= is about requests: want it beside rpm= or rps="}}},
		{"limit rpm=1 rps=1 burst=1", []mistakeAt{{18, "burst= beside both rps= and rpm=: write a line for each"}}},
		{"limit rpm=1 retry-after=second", []mistakeAt{{24,
			`unknown form "second": want one of seconds, decimals, ms, both, imf, rfc850, asctime, none, or a number or a text in quotes, which is sent as it is`}}},
		{"quota keys=k0", []mistakeAt{{5, "a quota of nothing: want one of day, day-tokens, requests, tokens, as in quota day=1000"}}},
		{"window from=1s to=2s", []mistakeAt{{6, `a window without a status: want one such as "window 529 from=10s to=20s"`}}},
		{"window 200 to=2s", []mistakeAt{{6, "a window of 200: want an error, 400 to 599"}}},
		{"window 529 from=2s to=2s", []mistakeAt{{19, "a window that ends before it begins: want to= behind from=, as in from=10s to=20s"}}},
		{"window 529 from=2 to=3s", []mistakeAt{{16, `bad duration "2": want a unit, as in 2s or 2ms`}}},
		{"revoked keys=k0", []mistakeAt{{15, `at= is missing: want "revoked keys=k0 at=30s"`}}},
		{"key k0: limit", []mistakeAt{{8, "a limit of nothing: want one of rps, rpm, tpm, itpm, otpm, concurrent, as in limit rpm=60"}}},
		{"key k0: limit rpm=1 org=acme", []mistakeAt{{20,
			`org= says whom a limit is about, and the key stands before the colon: leave it away, or write a line of its own, "limit rpm=60 org=acme"`}}},
		{"key k0: limit rpm=1 day=5", []mistakeAt{{20, "a limit has no day=, which a quota has: want one of rps, rpm, burst, tpm, itpm, otpm, concurrent, retry-after, message"}}},
		{"key k0: limit rpm=1 200", []mistakeAt{{20, `200 right after another answer: want "429, then 200"`}}},
		{"key k0: limit rpm=1 code=y", []mistakeAt{{20, "code= on a 200: want it on an error, 400 and above"}}},
		{"key k0: quota day=5", []mistakeAt{{8, "a quota where an answer begins: it is a line of its own, and decides before keys do"}}},
	} {
		_, err := fakeupstream.ParseRule(test.text)
		var all fakeupstream.SyntaxErrors
		require.True(t, errors.As(err, &all), "ParseRule(%q): %v", test.text, err)
		var got []mistakeAt
		for _, m := range all {
			got = append(got, mistakeAt{m.Offset, m.Msg})
		}
		assert.Equal(t, test.want, got, "ParseRule(%q)", test.text)
	}
}

func TestAliasesOfRules(t *testing.T) {
	for text, want := range map[string][]string{
		"key k0: 200": {"k0"}, "key any: 200": {}, "connection: ok": {}, "limit keys=k0,none,k1 rpm=1": {"k0", "k1"}, "limit rpm=1": {},
	} {
		r, err := fakeupstream.ParseRule(text)
		require.NoError(t, err, text)
		assert.ElementsMatch(t, want, r.Aliases(), text)
	}
}
