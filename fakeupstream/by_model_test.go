package fakeupstream_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// ruleHeads are drawn from few keys, paths and models, so that rules cover one another.
func ruleHeads(t *rapid.T) []fakeupstream.Rule {
	var rules []fakeupstream.Rule
	for range rapid.IntRange(0, 12).Draw(t, "rules") {
		text := rapid.SampledFrom([]string{"key k0", "key k1", "key any"}).Draw(t, "key") +
			rapid.SampledFrom([]string{"", "", " path=/v1/*", " path=/v1/responses"}).Draw(t, "path") +
			rapid.SampledFrom([]string{"", " model=a", " model=b", " model=c"}).Draw(t, "model") +
			rapid.SampledFrom([]string{": 200", ": 201 times=2", ": 429, then 202", ": 203"}).Draw(t, "answers")
		switch rapid.IntRange(0, 9).Draw(t, "else") {
		case 0:
			text = "limit rpm=5 keys=k0"
		case 1:
			text = "connection: ok"
		}
		r, err := fakeupstream.ParseRule(text)
		require.NoError(t, err, text)
		rules = append(rules, r)
	}
	return rules
}

// The first rule before each that covers it is the one that a look at every pair finds.
func TestCovering(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rules := ruleHeads(rt)
		for i, got := range fakeupstream.Covering(rules) {
			want := slices.IndexFunc(rules[:i], func(r fakeupstream.Rule) bool { return r.Covers(rules[i]) })
			require.Equal(rt, want, got, "rule %d of %v", i, rules)
		}
	})
}

// The first rule that fits a request answers it, whatever models others name.
func TestRulesOfModelsKeepTheirPlace(t *testing.T) {
	script := []string{"key k0 model=b: 201", "key any model=a path=/v1/x: 202", "key k0: 203", "key k0 model=a: 204", "key any model=c: 205", "key any: 206"}
	for _, test := range []struct {
		path, secret, body string
		want               int
	}{
		{"/v1/responses", "sk-secret-zero", `{"model":"b"}`, 201},
		{"/v1/responses", "sk-secret-one", `{"model":"b"}`, 206},
		{"/v1/x", "sk-secret-zero", `{"model":"a"}`, 202},
		{"/v1/responses", "sk-secret-zero", `{"model":"a"}`, 203},
		{"/v1/responses", "sk-secret-one", `{"model":"c"}`, 205},
		{"/v1/responses", "sk-secret-one", `{}`, 206},
		{"/v1/responses", "sk-secret-zero", `no JSON`, 203},
	} {
		u, _ := newUpstream(t, fakeupstream.OpenAI, script...)
		got := ask(u, "POST", test.path, test.body, auth+test.secret)
		assert.Equal(t, test.want, got.Code, "%+v", test)
	}
}
