package model_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/model"
)

func ExamplePredict() {
	d, err := drill.Parse("wait.drill", []byte(`
provider alpha openai https://alpha.invalid/v1 keys k0 k1
upstream alpha.invalid
  key k0: 429 retry-after=5
  key k1: 429 retry-after=2.5
reload
request POST https://alpha.invalid/v1/chat/completions
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, o := range model.Predict(d) {
		for _, line := range o.Lines() {
			fmt.Printf("%s => %s\n", d.Steps[i].Op, line)
		}
	}
	// Output:
	// reload => alpha enabled
	// request POST https://alpha.invalid/v1/chat/completions => alpha.invalid got POST /v1/chat/completions key=k0, answered 429
	// request POST https://alpha.invalid/v1/chat/completions => alpha.invalid got POST /v1/chat/completions key=k1, answered 429
	// request POST https://alpha.invalid/v1/chat/completions => client got 429 retry-after=3
}

const pool = `
provider alpha openai https://alpha.invalid/v1 keys k0
upstream alpha.invalid
  key k0: %s
reload
`

const ask = "request POST https://alpha.invalid/v1/chat/completions\n"

// A prediction that hangs on a few microseconds is none: the model says so, and
// what comes after it is as unknown.
func TestSaysWhenItCannotTell(t *testing.T) {
	for name, c := range map[string]struct{ answers, steps, want string }{
		"a deadline within the blur": {
			"429 retry-after=5, then 200", ask + "advance 4999700us\n" + ask,
			"it depends on the blur whether a cooldown of alpha is over",
		},
		"a whole second within the blur": {
			"429 retry-after=5", ask + "advance 1999900us\n" + ask,
			"it depends on the blur how long alpha has a client wait",
		},
		"a millisecond within the blur": {
			"429 retry-after=5", ask + "advance 1900us\nexpect keys alpha\n",
			"it depends on the blur what is left of the cooldown of k0",
		},
		"a date that is about to change": {
			"429 retry-after=date+5s", "advance 999700us\n" + ask,
			`it depends on the blur how long "429 retry-after=date+5s" asks to wait`,
		},
		"an answer that is not scripted": {
			"200, then 200", ask + ask + ask, "no answer is scripted at alpha.invalid for key k0",
		},
		"at the same time without a delay": {
			"200", "parallel\n  " + ask + "  request POST https://alpha.invalid/ as c1\n",
			"an answer may come before the last request, or overtake another",
		},
		"an answer that overtakes": {
			"429 delay=2s, then 200 delay=1s", "parallel\n  " + ask + "  request POST https://alpha.invalid/ as c1\n",
			"an answer may come before the last request, or overtake another",
		},
		"a mark of somebody beside": {
			"429 delay=1s retry-after=9, then 200 delay=2s", "parallel\n  " + ask + "  request POST https://alpha.invalid/ as c1\nexpect keys alpha\n",
			"it depends on the blur what is left of the cooldown of k0",
		},
		"an answer that is slow": {
			"200 delay=2m", ask, "alpha.invalid takes 2m0s to answer, and somebody may give up",
		},
		"a stream that takes time": {
			"200 stream every=1s", ask, "time passes during the stream of alpha.invalid",
		},
		"a tunnel that rested": {
			"200", "connect t1 alpha.invalid:443\nadvance 3m\nsend t1 GET /\n", "a gateway may have closed t1, which rested for 3m0s",
		},
		"a metric": {"200", "expect metric x\n", "the model has no metrics"},
	} {
		t.Run(name, func(t *testing.T) {
			outcomes := predict(t, fmt.Sprintf(pool, c.answers)+c.steps)
			last := outcomes[len(outcomes)-1]
			assert.Equal(t, c.want, last.Unknown)
			assert.Nil(t, last.Lines())
			for _, o := range outcomes[:len(outcomes)-1] {
				assert.True(t, o.Unknown == "" || o.Unknown == "who of several clients is answered first", o.Unknown)
			}
		})
	}
}

// The same a little further away from where it hangs.
func TestTellsOutsideTheBlur(t *testing.T) {
	for name, c := range map[string]struct {
		answers, steps string
		want           []string
	}{
		"before a deadline": {"429 retry-after=5", ask + "advance 4999ms\n" + ask, []string{"client got 429 retry-after=1"}},
		"at a deadline": {
			"429 retry-after=5, then 200", ask + "advance 5s\n" + ask,
			[]string{"alpha.invalid got POST /v1/chat/completions key=k0, answered 200", "client got 200"},
		},
		"at a whole second": {"429 retry-after=5", ask + "advance 2s\n" + ask, []string{"client got 429 retry-after=3"}},
		"a date":            {"429 retry-after=date+5s", "advance 1500ms\n" + ask + "expect keys alpha\n", []string{"alpha k0 cooling 4.5s (429)"}},
		"the shorter of two that come together": {
			"429 delay=1s retry-after=9, then 429 delay=2000500us retry-after=3",
			"parallel\n  " + ask + "  request POST https://alpha.invalid/ as c1\nexpect keys alpha\n",
			[]string{"alpha k0 cooling 8s (429)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			outcomes := predict(t, fmt.Sprintf(pool, c.answers)+c.steps)
			last := outcomes[len(outcomes)-1]
			assert.Empty(t, last.Unknown)
			assert.Equal(t, c.want, last.Lines())
		})
	}
}

func predict(t *testing.T, text string) []model.Outcome {
	d, err := drill.Parse("text.drill", []byte(text))
	require.NoError(t, err)
	return model.Predict(d)
}
