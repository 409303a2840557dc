package fakeupstream_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

func TestScript(t *testing.T) {
	tests := []struct {
		name   string
		rules  []string
		keys   string // the requests' keys: 0, 1, 2 for k0…k2, ? for a secret that nobody has, - for none
		want   []int
		faults []string
	}{
		{name: "a single answer repeats", rules: []string{"key k0: 429"}, keys: "000", want: []int{429, 429, 429}},
		{name: "a single answer has to be asked for", rules: []string{"key k0: 429"}, want: nil,
			faults: []string{`unasked: alpha.invalid: key k0: answer "429" was never asked for`}},
		{name: "a sequence", rules: []string{"key k0: 429, then 200"}, keys: "00", want: []int{429, 200}},
		{name: "a sequence runs out", rules: []string{"key k0: 429 retry-after=3, then 200"}, keys: "000", want: []int{429, 200, 501},
			faults: []string{`unmatched: alpha.invalid: key k0: the sequence "429 retry-after=3, then 200" ran out before POST /v1/chat/completions key=k0`}},
		{name: "a sequence that nobody finished", rules: []string{"key k0: 429, then 500, then 200"}, keys: "0", want: []int{429},
			faults: []string{
				`unasked: alpha.invalid: key k0: answer 2 of 3 "500" was never asked for (the rule was asked 1 time)`,
				`unasked: alpha.invalid: key k0: answer 3 of 3 "200" was never asked for (the rule was asked 1 time)`,
			}},
		{name: "a counted answer and another", rules: []string{"key k1: 200 times=2, then 401"}, keys: "111", want: []int{200, 200, 401}},
		{name: "a counted answer alone runs out", rules: []string{"key k1: 200 times=2"}, keys: "111", want: []int{200, 200, 501},
			faults: []string{`unmatched: alpha.invalid: key k1: the sequence "200 times=2" ran out before POST /v1/chat/completions key=k1`}},
		{name: "once is not for ever", rules: []string{"key k1: 200 times=1"}, keys: "11", want: []int{200, 501},
			faults: []string{`unmatched: alpha.invalid: key k1: the sequence "200 times=1" ran out before POST /v1/chat/completions key=k1`}},
		{name: "a counted answer that was asked for too rarely", rules: []string{"key k1: 200 times=3, then 401"}, keys: "1", want: []int{200},
			faults: []string{
				`unasked: alpha.invalid: key k1: answer 1 of 2 "200 times=3" was asked for 1 time and not 3 times (the rule was asked 1 time)`,
				`unasked: alpha.invalid: key k1: answer 2 of 2 "401" was never asked for (the rule was asked 1 time)`,
			}},
		{name: "each key has its own progress", rules: []string{"key k0: 429, then 200", "key k1: 500, then 200"}, keys: "0101",
			want: []int{429, 500, 200, 200}},
		{name: "no credential, and one that nobody has", rules: []string{"key none: 401", "key unknown: 403"}, keys: "-?", want: []int{401, 403}},
		{name: "any answers every request", rules: []string{"key any: 529"}, keys: "01-?", want: []int{529, 529, 529, 529}},
		{name: "the first rule that fits answers", rules: []string{"key k0: 429", "key any: 200"}, keys: "010", want: []int{429, 200, 429}},
		{name: "a sequence that ran out does not fall through", rules: []string{"key k0: 429 times=1", "key any: 200"}, keys: "001", want: []int{429, 501, 200},
			faults: []string{`unmatched: alpha.invalid: key k0: the sequence "429 times=1" ran out before POST /v1/chat/completions key=k0`}},
		{name: "no rule for the key", rules: []string{"key k0: 200", "key k1: 200"}, keys: "012", want: []int{200, 200, 501},
			faults: []string{`unmatched: alpha.invalid: no rule answers POST /v1/chat/completions key=k2 (rules: key k0, key k1)`}},
		{name: "no rules at all", keys: "-", want: []int{501},
			faults: []string{`unmatched: alpha.invalid: no rule answers POST /v1/chat/completions key=none (there are no rules)`}},
		{name: "a rule that can never answer", rules: []string{"key any: 200", "key k0: 429"}, keys: "0", want: []int{200},
			faults: []string{`unasked: alpha.invalid: key k0: answer "429" was never asked for (an earlier rule answers its requests)`}},
		{name: "a rule that is there twice", rules: []string{"key k0: 200", "key k0: 429"}, keys: "0", want: []int{200},
			faults: []string{`unasked: alpha.invalid: key k0: answer "429" was never asked for (an earlier rule answers its requests)`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u, _ := newUpstream(t, fakeupstream.OpenAI, test.rules...)
			var got []int
			for _, key := range test.keys {
				got = append(got, chat(u, secretOf(key)))
			}
			assert.Equal(t, test.want, got)
			assert.Equal(t, test.faults, texts(u.Faults()))
		})
	}
}

func secretOf(key rune) string {
	switch key {
	case '-':
		return ""
	case '?':
		return "sk-of-somebody-else"
	default:
		return secrets()["k"+string(key)]
	}
}

func TestPlayReplacesTheScript(t *testing.T) {
	u, _ := newUpstream(t, fakeupstream.OpenAI, "key k0: 429, then 500")
	assert.Equal(t, 429, chat(u, secretOf('0')))
	assert.Equal(t, 501, chat(u, secretOf('2')))

	u.Play(parseAll(t, "key k0: 429, then 200")...)
	assert.Equal(t, 429, chat(u, secretOf('0')), "progress starts anew")
	assert.Equal(t, []string{
		`unmatched: alpha.invalid: no rule answers POST /v1/chat/completions key=k2 (rules: key k0)`,
		`unasked: alpha.invalid: key k0: answer 2 of 2 "500" was never asked for (the rule was asked 1 time)`,
		`unasked: alpha.invalid: key k0: answer 2 of 2 "200" was never asked for (the rule was asked 1 time)`,
	}, texts(u.Faults()))

	assert.Equal(t, 200, chat(u, secretOf('0')))
	u.Play()
	assert.Equal(t, 501, chat(u, secretOf('0')))
	assert.Equal(t, []string{
		`unmatched: alpha.invalid: no rule answers POST /v1/chat/completions key=k2 (rules: key k0)`,
		`unasked: alpha.invalid: key k0: answer 2 of 2 "500" was never asked for (the rule was asked 1 time)`,
		`unmatched: alpha.invalid: no rule answers POST /v1/chat/completions key=k0 (there are no rules)`,
	}, texts(u.Faults()), "what was satisfied when it was replaced is no fault")
}

func TestPlayCopiesTheRules(t *testing.T) {
	u, _ := newUpstream(t, fakeupstream.OpenAI)
	r := rule("k0", answer(429), answer(200))
	u.Play(r)
	r.Answers[0].Status = 500
	assert.Equal(t, 429, chat(u, secretOf('0')))
}

func TestRulesThatCannotBePlayedAreFaults(t *testing.T) {
	u, _ := newUpstream(t, fakeupstream.OpenAI)
	u.Play(
		rule("", answer(200)),
		rule("k0"),
		rule("k1", answer(0), answer(200)),
		rule("k1", fakeupstream.Answer{Status: 200, BodyFile: "a.json"}),
		rule("k1", fakeupstream.Answer{Status: 200, Times: -1, Stream: &fakeupstream.Stream{Events: -1, Every: -1}}),
		rule("k1", fakeupstream.Answer{Status: 429, RetryAfter: fakeupstream.RetryAfter{Form: 9}}),
		rule("k1", fakeupstream.Answer{Status: 429, RetryAfter: fakeupstream.RetryAfter{Text: "5"}}),
		rule("k1", fakeupstream.Answer{Status: 429, RetryAfter: fakeupstream.RetryAfter{Form: fakeupstream.FormText, Offset: 5e9}}),
		rule("k1", fakeupstream.Answer{Status: 429, RetryAfter: fakeupstream.RetryAfterDate(-1<<63, fakeupstream.FormIMF)}),
		rule("k1", fakeupstream.Answer{Status: 200, BodyFile: "a b", Body: []byte("x")}),
		rule("k2", answer(200)),
	)
	assert.Equal(t, 501, chat(u, secretOf('1')))
	assert.Equal(t, 200, chat(u, secretOf('2')), "its neighbours play")
	assert.Equal(t, []string{
		`invalid: alpha.invalid: rule 1 cannot be played: bad key name ""`,
		`invalid: alpha.invalid: rule 2 cannot be played: the rule has no answer`,
		`invalid: alpha.invalid: rule 3 cannot be played: answer 1: status 0 does not exist: want one from 200 to 599`,
		`invalid: alpha.invalid: rule 4 cannot be played: answer 1: body=@a.json was never read: call Rule.Resolve before Play`,
		`invalid: alpha.invalid: rule 5 cannot be played: answer 1: times=-1: want 1 or more`,
		`invalid: alpha.invalid: rule 5 cannot be played: answer 1: events=-1: want 1 or more`,
		`invalid: alpha.invalid: rule 5 cannot be played: answer 1: every=-1ns: want a pause, not a negative one`,
		`invalid: alpha.invalid: rule 6 cannot be played: answer 1: unknown form 9: want FormText, FormIMF, FormRFC850 or FormAsctime`,
		`invalid: alpha.invalid: rule 7 cannot be played: answer 1: the text "5" has no effect without FormText`,
		`invalid: alpha.invalid: rule 8 cannot be played: answer 1: the offset 5s has no effect without a date form`,
		`invalid: alpha.invalid: rule 9 cannot be played: answer 1: the offset is out of bounds`,
		`invalid: alpha.invalid: rule 10 cannot be played: answer 1: body=@a b: want a file name without blanks, quotes and a comma at its end`,
		`unmatched: alpha.invalid: no rule answers POST /v1/chat/completions key=k1 (rules: key k2)`,
	}, texts(u.Faults()))
}

// TestScriptModel drives scripts against an oracle that keeps, for each rule, the plain list of statuses still to
// come.
func TestScriptModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := fakeupstream.New(fakeupstream.Config{Secrets: secrets()})
		var model []*modelRule
		unmatched, unaskedBefore := 0, 0
		t.Repeat(map[string]func(*rapid.T){
			"play": func(t *rapid.T) {
				unaskedBefore += unaskedIn(model)
				rules := rapid.SliceOfN(genPlainRule(), 0, 4).Draw(t, "rules")
				model = nil
				for _, r := range rules {
					model = append(model, newModelRule(r))
				}
				u.Play(rules...)
			},
			"request": func(t *rapid.T) {
				key := rapid.SampledFrom([]rune("012-?")).Draw(t, "key")
				want := http.StatusNotImplemented
				if m := find(model, aliasOf(key)); m != nil {
					want = m.next()
				}
				if want == http.StatusNotImplemented {
					unmatched++
				}
				if got := chat(u, secretOf(key)); got != want {
					t.Fatalf("a request of %q got %d, want %d", aliasOf(key), got, want)
				}
			},
			"": func(t *rapid.T) {
				count := map[fakeupstream.FaultKind]int{}
				for _, f := range u.Faults() {
					count[f.Kind]++
				}
				want := map[fakeupstream.FaultKind]int{}
				if unmatched > 0 {
					want[fakeupstream.Unmatched] = unmatched
				}
				if n := unaskedBefore + unaskedIn(model); n > 0 {
					want[fakeupstream.Unasked] = n
				}
				if fmt.Sprint(count) != fmt.Sprint(want) {
					t.Fatalf("faults %v, want %v", count, want)
				}
			},
		})
	})
}

type modelRule struct {
	key     string
	left    []modelAnswer
	forever bool
}

type modelAnswer struct{ status, left int }

func newModelRule(r fakeupstream.Rule) *modelRule {
	m := &modelRule{key: r.Key, forever: len(r.Answers) == 1 && r.Answers[0].Times == 0}
	for _, a := range r.Answers {
		m.left = append(m.left, modelAnswer{a.Status, max(1, a.Times)})
	}
	return m
}

func (m *modelRule) next() int {
	for i := range m.left {
		if m.left[i].left > 0 {
			m.left[i].left--
			return m.left[i].status
		}
	}
	if m.forever {
		return m.left[0].status
	}
	return http.StatusNotImplemented
}

func find(model []*modelRule, key string) *modelRule {
	for _, m := range model {
		if m.key == key || m.key == "any" {
			return m
		}
	}
	return nil
}

func unaskedIn(model []*modelRule) int {
	n := 0
	for _, m := range model {
		for _, a := range m.left {
			if a.left > 0 {
				n++
			}
		}
	}
	return n
}

func aliasOf(key rune) string {
	switch key {
	case '-':
		return "none"
	case '?':
		return "unknown"
	default:
		return "k" + string(key)
	}
}

// genPlainRule draws rules of statuses and counts, without 501, which is what no rule answers with.
func genPlainRule() *rapid.Generator[fakeupstream.Rule] {
	return rapid.Custom(func(t *rapid.T) fakeupstream.Rule {
		r := fakeupstream.Rule{Key: rapid.SampledFrom([]string{"k0", "k1", "k2", "none", "unknown", "any"}).Draw(t, "key")}
		for range rapid.IntRange(1, 3).Draw(t, "answers") {
			r.Answers = append(r.Answers, fakeupstream.Answer{
				Status: rapid.SampledFrom([]int{200, 204, 401, 429, 529}).Draw(t, "status"),
				Times:  rapid.IntRange(0, 2).Draw(t, "times"),
			})
		}
		return r
	})
}
