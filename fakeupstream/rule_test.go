package fakeupstream_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// parseTests hold a rule's text, its value, and its canonical text where that is another one.
var parseTests = []struct {
	text      string
	want      fakeupstream.Rule
	canonical string
}{
	{text: `key k0: 200`, want: rule("k0", answer(200))},
	{text: `key none: 401`, want: rule("none", answer(401))},
	{text: `key unknown: 401`, want: rule("unknown", answer(401))},
	{text: `key any: 529`, want: rule("any", answer(529))},
	{text: `key my-key-2: 599`, want: rule("my-key-2", answer(599))},
	{text: "\tkey   k0:200 \t", want: rule("k0", answer(200)), canonical: `key k0: 200`},
	{text: `key k0: 429 retry-after=5, then 200`, want: rule("k0",
		fakeupstream.Answer{Status: 429, RetryAfter: fakeupstream.RetryAfterText("5")}, answer(200))},
	{text: `key k1: 200 times=2, then 401`, want: rule("k1", fakeupstream.Answer{Status: 200, Times: 2}, answer(401))},
	{text: `key k1: 200 times=1`, want: rule("k1", fakeupstream.Answer{Status: 200, Times: 1})},
	{text: `key k0: 429 retry-after=1.5`, want: retryAfter(fakeupstream.RetryAfterText("1.5"))},
	{text: `key k0: 429 retry-after=-1`, want: retryAfter(fakeupstream.RetryAfterText("-1"))},
	{text: `key k0: 429 retry-after=1,5`, want: retryAfter(fakeupstream.RetryAfterText("1,5"))},
	{text: `key k0: 429 retry-after="5,"`, want: retryAfter(fakeupstream.RetryAfterText("5,"))},
	{text: `key k0: 429 retry-after=garbage`, want: retryAfter(fakeupstream.RetryAfterText("garbage"))},
	{text: `key k0: 429 retry-after="garbage"`, want: retryAfter(fakeupstream.RetryAfterText("garbage")), canonical: `key k0: 429 retry-after=garbage`},
	{text: `key k0: 429 retry-after=""`, want: retryAfter(fakeupstream.RetryAfterText(""))},
	{text: `key k0: 429 retry-after=`, want: retryAfter(fakeupstream.RetryAfterText("")), canonical: `key k0: 429 retry-after=""`},
	{text: `key k0: 429 retry-after="Fri, 31 Dec 1999 23:59:59 GMT"`, want: retryAfter(fakeupstream.RetryAfterText("Fri, 31 Dec 1999 23:59:59 GMT"))},
	{text: `key k0: 429 retry-after=date`, want: retryAfter(fakeupstream.RetryAfterText("date"))},
	{text: `key k0: 429 retry-after=date+5s`, want: retryAfter(fakeupstream.RetryAfterDate(5*time.Second, fakeupstream.FormIMF))},
	{text: `key k0: 429 retry-after=date+5s form=imf`, want: retryAfter(fakeupstream.RetryAfterDate(5*time.Second, fakeupstream.FormIMF)),
		canonical: `key k0: 429 retry-after=date+5s`},
	{text: `key k0: 429 retry-after=date-1m30s form=rfc850`, want: retryAfter(fakeupstream.RetryAfterDate(-90*time.Second, fakeupstream.FormRFC850))},
	{text: `key k0: 429 retry-after=date+60s form=asctime`, want: retryAfter(fakeupstream.RetryAfterDate(time.Minute, fakeupstream.FormAsctime)),
		canonical: `key k0: 429 retry-after=date+1m form=asctime`},
	{text: `key k0: 429 retry-after=date+0s`, want: retryAfter(fakeupstream.RetryAfterDate(0, fakeupstream.FormIMF))},
	{text: `key k0: 429 retry-after="date+5s"`, want: retryAfter(fakeupstream.RetryAfterText("date+5s"))},
	{text: `key k0: 429 retry-after-ms=1500`, want: rule("k0", fakeupstream.Answer{Status: 429, RetryAfterMS: "1500"})},
	{text: `key k0: 429 retry-after-ms="1 500"`, want: rule("k0", fakeupstream.Answer{Status: 429, RetryAfterMS: "1 500"})},
	{text: `key k0: 429 code=insufficient_quota`, want: rule("k0", fakeupstream.Answer{Status: 429, Code: "insufficient_quota"})},
	{text: `key k0: 200 header=X-One:1 header="X-Two: two words" header=X-One:`, want: rule("k0", fakeupstream.Answer{Status: 200,
		Header: []fakeupstream.HeaderField{{Name: "X-One", Value: "1"}, {Name: "X-Two", Value: "two words"}, {Name: "X-One", Value: ""}}})},
	{text: `key k0: 200 header="X-One:  1 "`, want: rule("k0", fakeupstream.Answer{Status: 200,
		Header: []fakeupstream.HeaderField{{Name: "X-One", Value: "1"}}}), canonical: `key k0: 200 header=X-One:1`},
	{text: `key k0: 200 body="hello"`, want: rule("k0", fakeupstream.Answer{Status: 200, Body: []byte("hello")})},
	{text: `key k0: 200 body=""`, want: rule("k0", fakeupstream.Answer{Status: 200, Body: []byte{}})},
	{text: "key k0: 200 body=`{\"a\": 1}`", want: rule("k0", fakeupstream.Answer{Status: 200, Body: []byte(`{"a": 1}`)})},
	{text: `key k0: 200 body="{\"a\":1}", then 500`, want: rule("k0", fakeupstream.Answer{Status: 200, Body: []byte(`{"a":1}`)}, answer(500)),
		canonical: "key k0: 200 body=`{\"a\":1}`, then 500"},
	{text: `key k0: 200 body="data: \"x\"\n\n\xff"`, want: rule("k0", fakeupstream.Answer{Status: 200, Body: []byte("data: \"x\"\n\n\xff")})},
	{text: `key k0: 200 body="@answer.json"`, want: rule("k0", fakeupstream.Answer{Status: 200, Body: []byte("@answer.json")})},
	{text: `key k0: 200 body=@answer.json`, want: rule("k0", fakeupstream.Answer{Status: 200, BodyFile: "answer.json"})},
	{text: `key k0: 200 stream`, want: rule("k0", fakeupstream.Answer{Status: 200, Stream: &fakeupstream.Stream{}})},
	{text: `key k0: 200 stream events=10 every=100ms, then 429`, want: rule("k0",
		fakeupstream.Answer{Status: 200, Stream: &fakeupstream.Stream{Events: 10, Every: 100 * time.Millisecond}}, answer(429))},
	{text: `key k0: 200 stream every=1m0s times=2 events=1`, want: rule("k0",
		fakeupstream.Answer{Status: 200, Times: 2, Stream: &fakeupstream.Stream{Events: 1, Every: time.Minute}}),
		canonical: `key k0: 200 times=2 stream events=1 every=1m`},
	{text: `key k0: 200 stream every=1h0m0s`, want: rule("k0", fakeupstream.Answer{Status: 200, Stream: &fakeupstream.Stream{Every: time.Hour}}),
		canonical: `key k0: 200 stream every=1h`},
	{text: `key k0: 200 stream every=1s body=@a.sse`, want: rule("k0",
		fakeupstream.Answer{Status: 200, BodyFile: "a.sse", Stream: &fakeupstream.Stream{Every: time.Second}}),
		canonical: `key k0: 200 body=@a.sse stream every=1s`},
}

func rule(key string, answers ...fakeupstream.Answer) fakeupstream.Rule {
	return fakeupstream.Rule{Key: key, Answers: answers}
}

func answer(status int) fakeupstream.Answer { return fakeupstream.Answer{Status: status} }

func retryAfter(r fakeupstream.RetryAfter) fakeupstream.Rule {
	return rule("k0", fakeupstream.Answer{Status: 429, RetryAfter: r})
}

func TestParseRuleAndString(t *testing.T) {
	for _, test := range parseTests {
		got, err := fakeupstream.ParseRule(test.text)
		require.NoError(t, err, "ParseRule(%q)", test.text)
		assert.Equal(t, test.want, got, "ParseRule(%q)", test.text)
		want := test.canonical
		if want == "" {
			want = test.text
		}
		assert.Equal(t, want, got.String(), "ParseRule(%q).String()", test.text)
	}
}

// TestParseRuleGivesBackWhatStringWrote is the round trip over every word of the language and every odd text.
func TestParseRuleGivesBackWhatStringWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genRule().Draw(t, "rule")
		text := want.String()
		got, err := fakeupstream.ParseRule(text)
		if err != nil {
			t.Fatalf("ParseRule(%q): %v", text, err)
		}
		assert.Equal(t, want, got, "ParseRule(%q)", text)
	})
}

// FuzzParseRule: no text is too odd to be read or refused, and what was read prints as something that reads the same.
func FuzzParseRule(f *testing.F) {
	for _, test := range parseTests {
		f.Add(test.text)
	}
	for _, test := range syntaxTests {
		f.Add(test.text)
	}
	for _, test := range limitTests {
		f.Add(test.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := fakeupstream.ParseRule(text)
		if err != nil {
			var mistakes fakeupstream.SyntaxErrors
			require.ErrorAs(t, err, &mistakes)
			for _, m := range mistakes {
				if m.Offset < 0 || m.Offset > len(text) || m.Msg == "" {
					t.Fatalf("ParseRule(%q): mistake %+v is outside the text, or says nothing", text, m)
				}
			}
			return
		}
		again, err := fakeupstream.ParseRule(got.String())
		require.NoError(t, err, "ParseRule(%q) printed %q", text, got)
		require.Equal(t, got, again, "ParseRule(%q) printed %q", text, got)
	})
}

func TestFormsHaveExamplesThatParse(t *testing.T) {
	var texts []string
	for _, f := range fakeupstream.Forms() {
		r, err := fakeupstream.ParseRule(f.Example)
		if assert.NoError(t, err, "example of %q", f.Text) {
			assert.Equal(t, f.Example, r.String(), "example of %q", f.Text)
		}
		assert.True(t, strings.HasSuffix(f.Doc, "."), "doc of %q: %q is a sentence", f.Text, f.Doc)
		name, _, _ := strings.Cut(f.Text, "=")
		if strings.ToLower(name) == name {
			word, _, _ := strings.Cut(name, " ")
			assert.Contains(t, f.Example, word, "example of %q", f.Text)
		}
		texts = append(texts, f.Text)
	}
	assert.Equal(t, []string{
		"STATUS", "ANSWER, then ANSWER", "key NAME: ANSWER",
		"key NAME path=PATH model=NAME end=fail|repeat|loop: ANSWER",
		"connection: HOW",
		"limit rps=N rpm=N burst=N tpm=N itpm=N otpm=N concurrent=N",
		"limit … org=NAME keys=NAME,NAME by=key|address path=PATH model=NAME",
		"limit … retry-after=seconds|decimals|ms|both|imf|rfc850|asctime|none|TEXT", "limit … message=TEXT",
		"quota day=N day-tokens=N requests=N tokens=N", "window STATUS from=DURATION to=DURATION",
		"revoked keys=NAME,NAME at=DURATION",
		"times=N", "delay=DURATION", "retry-after=TEXT", "form=imf|rfc850|asctime",
		"retry-after-ms=TEXT", "code=NAME", "type=NAME", `message="TEXT"`, "header=NAME:VALUE", `body="TEXT" or body=@FILE`,
		`thinking="TEXT"`, `text="TEXT"`, "tools=NAME,… or tools=none", "model=NAME", "tokens=IN/OUT", "cached=N",
		"finish=stop|length|tools|filter|failed", "strict", "stream events=N every=DURATION", "events=N", "every=DURATION",
		"hold at=POINT", "stall after=POINT for=DURATION", "reset after=POINT", "close after=POINT", "half-close after=POINT",
		"truncate after=POINT", "garbage after=POINT", "error after=event:N", "at=POINT", "after=POINT", "for=DURATION",
		"slow rate=NB/s", "rate=NB/s", "length=N", "duplicate=event:N", "gzip", "http=1.0", "trailer=NAME:VALUE", "early-hints",
		"early=read|stop|close", "continue=ignored|never|refused",
	}, texts)
}

func TestResolveFillsBodies(t *testing.T) {
	r, err := fakeupstream.ParseRule(`key k0: 200 body=@a.json, then 200 body="kept", then 200 body=@empty, then 401`)
	require.NoError(t, err)
	var asked []string
	files := map[string][]byte{"a.json": []byte("{}"), "empty": nil}
	got, err := r.Resolve(func(name string) ([]byte, error) {
		asked = append(asked, name)
		return files[name], nil
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"a.json", "empty"}, asked)
	assert.Equal(t, []byte("{}"), got.Answers[0].Body)
	assert.Equal(t, []byte("kept"), got.Answers[1].Body)
	assert.Equal(t, []byte{}, got.Answers[2].Body, "an empty file is an empty body, not the vendor's usual one")
	assert.Nil(t, got.Answers[3].Body)
	assert.Equal(t, r.String(), got.String())
	assert.Nil(t, r.Answers[0].Body, "the rule itself is not changed")

	files["a.json"][0] = '!'
	assert.Equal(t, []byte("{}"), got.Answers[0].Body, "the bytes are a copy")
}

func TestResolveSaysWhichFileIsMissing(t *testing.T) {
	r, err := fakeupstream.ParseRule(`key k0: 200 body=@gone.json`)
	require.NoError(t, err)
	_, err = r.Resolve(func(name string) ([]byte, error) { return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist) })
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.EqualError(t, err, "fakeupstream: body=@gone.json: open gone.json: file does not exist")
}

func TestSyntaxErrorsUnwrapToEachMistake(t *testing.T) {
	_, err := fakeupstream.ParseRule(`key k0: 20O, then 42 foo=1`)
	var all fakeupstream.SyntaxErrors
	require.True(t, errors.As(err, &all))
	require.Len(t, all, 3)
	var first *fakeupstream.SyntaxError
	require.True(t, errors.As(err, &first))
	assert.Same(t, all[0], first)
	assert.Equal(t, `offset 8: unknown answer "20O": want a status such as 200 or 429`, first.Error())
	assert.Equal(t, "fakeupstream: rule: "+all[0].Error()+"; "+all[1].Error()+"; "+all[2].Error(), err.Error())
}
