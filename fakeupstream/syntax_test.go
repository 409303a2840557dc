package fakeupstream_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

type mistakeAt struct {
	offset int
	msg    string
}

const (
	wantHead     = `want "key NAME:" and answers, as in "key k0: 200"`
	wantStatus   = `want a status such as 200 or 429`
	wantThen     = `want "429, then 200"`
	wantValue    = `cannot be a header's value: want no control characters, and no blanks at its ends`
	wantOption   = `want one of times, delay, retry-after, form, retry-after-ms, code, type, message, header, body, thinking, text, tools, model, tokens, cached, finish, strict, stream, events, every, hold, stall, reset, close, half-close, truncate, garbage, error, at, after, for, slow, rate, length, duplicate, gzip, http, trailer, early-hints, early, continue`
	wantDuration = `want one such as 5s, 100ms or 1m30s`
)

var syntaxTests = []struct {
	text string
	want []mistakeAt
}{
	// The head.
	{"", []mistakeAt{{0, "an empty rule: " + wantHead}}},
	{" \t", []mistakeAt{{0, "an empty rule: " + wantHead}}},
	{"kye k0: 200", []mistakeAt{{0, `unknown word "kye": ` + wantHead}}},
	{"  429", []mistakeAt{{2, `unknown word "429": ` + wantHead}}},
	{"key", []mistakeAt{{3, "no colon after the key's name: " + wantHead}}},
	{"key k0", []mistakeAt{{6, "no colon after the key's name: " + wantHead}}},
	{"key k0 200", []mistakeAt{{6, "no colon after the key's name: " + wantHead}}},
	{`key k0 429 retry-after="Fri, 31 Dec 1999 23:59:59 GMT"`, []mistakeAt{{6, "no colon after the key's name: " + wantHead}}},
	{"key K0: 200", []mistakeAt{{4, `bad key name "K0": want small letters, digits and hyphens, such as k0, or one of any, none, unknown`}}},
	{"key : 200", []mistakeAt{{4, `bad key name "": want small letters, digits and hyphens, such as k0, or one of any, none, unknown`}}},
	{"key k0:", []mistakeAt{{7, "the rule has no answer: want a status, such as 200 or 429"}}},

	// The status.
	{"key k0: 20O", []mistakeAt{{8, `unknown answer "20O": ` + wantStatus}}},
	{"key k0: +20", []mistakeAt{{8, `unknown answer "+20": ` + wantStatus}}},
	{"key k0: 2000", []mistakeAt{{8, `unknown answer "2000": ` + wantStatus}}},
	{"key k0: 600", []mistakeAt{{8, `status 600 does not exist: want one from 200 to 599`}}},
	{"key k0: 099", []mistakeAt{{8, `status 99 does not exist: want one from 200 to 599`}}},
	{"key k0: 100", []mistakeAt{{8, `status 100 is an interim one: want a final status, 200 to 599`}}},
	{"key k0: 103", []mistakeAt{{8, `status 103 is an interim one: want a final status, 200 to 599`}}},
	{"key k0: retry-after=5", []mistakeAt{{8, `retry-after= where an answer begins: ` + wantStatus + `, and options after it`}}},
	{"key k0: stream events=3", []mistakeAt{{8, `stream where an answer begins: ` + wantStatus + `, and then stream`},
		{15, `events= belongs to stream: want "stream events=N every=DURATION"`}}},

	// Sequences.
	{"key k0: 429 then 200", []mistakeAt{{12, `no comma before "then": ` + wantThen}}},
	{"key k0: 429, 200", []mistakeAt{{13, `no "then" after the comma: ` + wantThen}}},
	{"key k0: 429,then 200", []mistakeAt{{12, `no blank after the comma: ` + wantThen}}},
	{"key k0: 429 200", []mistakeAt{{12, `200 right after another answer: ` + wantThen}}},
	{"key k0: 429,", []mistakeAt{{12, `nothing after the comma: want "then" and another answer, as in "429, then 200"`}}},
	{"key k0: 429, then", []mistakeAt{{17, `no answer after "then": want a status, such as 200 or 429`}}},
	{"key k0: 429, then, 200", []mistakeAt{{17, `no answer after "then": want a status, such as 200 or 429`}}},
	{"key k0: 429 , then 200", []mistakeAt{{12, `a blank before the comma: ` + wantThen}}},
	{"key k0: , then 200", []mistakeAt{{8, `an answer is missing before the comma: ` + wantStatus}}},

	// Options.
	{"key k0: 429 retyr-after=5", []mistakeAt{{12, `unknown option "retyr-after": did you mean retry-after?`}}},
	{"key k0: 429 colour=blue", []mistakeAt{{12, `unknown option "colour": ` + wantOption}}},
	{"key k0: 429 x", []mistakeAt{{12, `unknown option "x": ` + wantOption}}},
	{"key k0: 429 =5", []mistakeAt{{12, `unknown option "": ` + wantOption}}},
	{"key k0: 429 retry-after", []mistakeAt{{12, `retry-after has no value: want "retry-after=TEXT"`}}},
	{"key k0: 200 stream=3", []mistakeAt{{12, `stream takes no value: want "stream events=N every=DURATION"`}}},
	{"key k0: 200 times=2 times=3", []mistakeAt{{20, `times is given twice: want it once`}}},
	{"key k0: 200 times=2 times=3 colour=x hue=y", []mistakeAt{{20, `times is given twice: want it once`},
		{28, `unknown option "colour": ` + wantOption}, {37, `unknown option "hue": ` + wantOption}}},
	{"key k0: 200 times=0", []mistakeAt{{18, `bad count "0": want a whole number from 1 on, as in times=2`}}},
	{"key k0: 200 times=", []mistakeAt{{18, `bad count "": want a whole number from 1 on, as in times=2`}}},
	{"key k0: 200 times=+2", []mistakeAt{{18, `bad count "+2": want a whole number from 1 on, as in times=2`}}},
	{"key k0: 200 times=twice", []mistakeAt{{18, `bad count "twice": want a whole number from 1 on, as in times=2`}}},
	{"key k0: 429 retry-after=date+5", []mistakeAt{{24, `bad duration "5": want a unit, as in 5s or 5ms; quote the value if it is meant as a text`}}},
	{"key k0: 429 retry-after=date-x", []mistakeAt{{24, `bad duration "x": ` + wantDuration + `; quote the value if it is meant as a text`}}},
	{"key k0: 429 retry-after=date+", []mistakeAt{{24, `bad duration "": ` + wantDuration + `; quote the value if it is meant as a text`}}},
	{"key k0: 429 retry-after=date+-5s", []mistakeAt{{24, `bad duration "-5s": ` + wantDuration + `; quote the value if it is meant as a text`}}},
	{`key k0: 429 retry-after="5\n"`, []mistakeAt{{12, `"5\n" ` + wantValue}}},
	{"key k0: 429 retry-after=5 form=imf", []mistakeAt{{31, `form= without a date before it: want retry-after=date+5s form=imf`}}},
	{"key k0: 429 form=imf retry-after=date+5s", []mistakeAt{{17, `form= without a date before it: want retry-after=date+5s form=imf`}}},
	{"key k0: 429 retry-after=date+5s form=iso", []mistakeAt{{37, `unknown date form "iso": want imf, rfc850 or asctime`}}},
	{"key k0: 429 retry-after-ms=", []mistakeAt{{27, `no value: want retry-after-ms=1500, or header=retry-after-ms: for an empty header`}}},
	{`key k0: 429 retry-after-ms=" 5"`, []mistakeAt{{12, `" 5" ` + wantValue}}},
	{"key k0: 429 code=", []mistakeAt{{17, `no value: want a provider's error code, as in code=insufficient_quota`}}},
	{"key k0: 200 code=x", []mistakeAt{{12, `code= on a 200: want it on an error, 400 and above`}}},
	{`key k0: 429 code=x body="y"`, []mistakeAt{{12, `code= beside body=: the body is sent as it is, so write the code into it`}}},
	{"key k0: 200 header=X-One", []mistakeAt{{19, `no colon in "X-One": want header=Name:value or header="Name: two words"`}}},
	{`key k0: 200 header=A:1 header="B c: 1"`, []mistakeAt{{23, `"B c" cannot be a header's name: want letters, digits and hyphens`}}},
	{`key k0: 200 header=:1`, []mistakeAt{{12, `"" cannot be a header's name: want letters, digits and hyphens`}}},
	{`key k0: 200 header="A: 1\r\nB: 2"`, []mistakeAt{{12, `"1\r\nB: 2" ` + wantValue}}},
	{`key k0: 200 header="A: \x7f"`, []mistakeAt{{12, `"\x7f" ` + wantValue}}},
	{"key k0: 200 body=hello", []mistakeAt{{17, `bare body "hello": want body="hello" for the text or body=@hello for the file`}}},
	{"key k0: 200 body=@", []mistakeAt{{17, `no name after body=@: want body=@answer.json`}}},
	{`key k0: 204 body="x"`, []mistakeAt{{12, `a 204 has no body: leave body= away`}}},
	{`key k0: 304 body=@x`, []mistakeAt{{12, `a 304 has no body: leave body= away`}}},
	{"key k0: 429 stream", []mistakeAt{{12, `a 429 does not stream: want 200 stream`}}},
	{"key k0: 200 events=3", []mistakeAt{{12, `events= belongs to stream: want "stream events=N every=DURATION"`}}},
	{"key k0: 200 stream events=0", []mistakeAt{{26, `bad count "0": want a whole number from 1 on, as in events=2`}}},
	{"key k0: 200 stream every=100", []mistakeAt{{25, `bad duration "100": want a unit, as in 100s or 100ms`}}},
	{"key k0: 200 stream every=0s", []mistakeAt{{25, `bad duration "0s": want more than nothing, as in every=100ms`}}},
	{"key k0: 200 stream every=-1s", []mistakeAt{{25, `bad duration "-1s": ` + wantDuration}}},
	{`key k0: 200 stream events=3 body="x"`, []mistakeAt{{19, `events= beside body=: the body has its own events, so leave events= away`}}},

	// Quotes.
	{`key k0: 200 body="hello`, []mistakeAt{{17, `the quoted value of body= does not end, or has an escape that Go does not know: want body="text"`}}},
	{`key k0: 200 body="\q"`, []mistakeAt{{17, `the quoted value of body= does not end, or has an escape that Go does not know: want body="text"`}}},
	{`key k0: 200 body="a"b times=2`, []mistakeAt{{20, `"b" right after a quoted value: want a blank, or a comma and then a blank`}}},
	{`key k0: 200 header=X:"two words" times=x`, []mistakeAt{{21, `a quote inside a bare value: quote the whole value, as in header="two words"`},
		{39, `bad count "x": want a whole number from 1 on, as in times=2`}}},
	{`key k0: 200 header=X:"two words"y times=2`, []mistakeAt{{21, `a quote inside a bare value: quote the whole value, as in header="two words"`}}},
	{`key k0: 200 header=X:"two times=x`, []mistakeAt{{21, `a quote inside a bare value: quote the whole value, as in header="two words"`},
		{32, `bad count "x": want a whole number from 1 on, as in times=2`}}},

	// Several at once.
	{"key K: 20O foo=1, 42 times=x then", []mistakeAt{
		{4, `bad key name "K": want small letters, digits and hyphens, such as k0, or one of any, none, unknown`},
		{7, `unknown answer "20O": ` + wantStatus},
		{11, `unknown option "foo": did you mean for?`},
		{18, `no "then" after the comma: ` + wantThen},
		{18, `unknown answer "42": ` + wantStatus},
		{27, `bad count "x": want a whole number from 1 on, as in times=2`},
		{29, `no comma before "then": ` + wantThen},
		{33, `no answer after "then": want a status, such as 200 or 429`},
	}},
}

func TestSyntaxErrorsSayWhereAndWhatWouldBeRight(t *testing.T) {
	for _, test := range syntaxTests {
		r, err := fakeupstream.ParseRule(test.text)
		var mistakes fakeupstream.SyntaxErrors
		require.ErrorAs(t, err, &mistakes, "ParseRule(%q)", test.text)
		var got []mistakeAt
		for _, m := range mistakes {
			got = append(got, mistakeAt{m.Offset, m.Msg})
		}
		assert.Equal(t, test.want, got, "ParseRule(%q)", test.text)
		assert.Zero(t, r, "ParseRule(%q) gives no rule beside its error", test.text)
	}
}
