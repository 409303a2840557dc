package model_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/model"
)

const together = `parallel
  request POST https://alpha.invalid/v1/chat/completions as c1
  request POST https://alpha.invalid/v1/chat/completions as c2
`

// play plays a drill on what is possible, up to its last step. seen are the lines of
// the first parallel step.
func play(t *testing.T, text string, seen ...string) (*model.Possible, model.Outcome) {
	d, err := drill.Parse("text.drill", []byte(text))
	require.NoError(t, err)
	p := model.NewPossible(d.Settings())
	var o model.Outcome
	for i, s := range d.Steps {
		o = p.Play(s.Op)
		if _, ok := s.Op.(drill.ParallelOp); ok && i < len(d.Steps)-1 {
			p.Saw(seen, slices.Equal)
		}
	}
	return p, o
}

// outcomes are the sets of lines, each as one line, sorted.
func outcomes(o model.Outcome) []string {
	all := o.Allowed
	if all == nil {
		all = [][]string{o.Lines()}
	}
	var list []string
	for _, lines := range all {
		var short []string
		for _, line := range slices.Sorted(slices.Values(lines)) {
			line = strings.ReplaceAll(line, " got POST /v1/chat/completions key=", " ")
			short = append(short, strings.ReplaceAll(line, ", answered", ""))
		}
		list = append(list, strings.Join(short, "; "))
	}
	slices.Sort(list)
	return list
}

// Everything that may happen, and nothing else.
func TestAllowsEveryOrder(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"two requests and one key that is limited once": {
			fmt.Sprintf(pool, "429 retry-after=5, then 200") + together,
			[]string{
				"alpha.invalid k0 200; alpha.invalid k0 429; c1 got 200; c2 got 429 retry-after=5",
				"alpha.invalid k0 200; alpha.invalid k0 429; c1 got 429 retry-after=5; c2 got 200",
				"alpha.invalid k0 429; c1 got 429 retry-after=5; c2 got 429 retry-after=5",
			},
		},
		"who comes first does not matter": {
			fmt.Sprintf(pool, "200") + together,
			[]string{"alpha.invalid k0 200; alpha.invalid k0 200; c1 got 200; c2 got 200"},
		},
		"a key that is refused, and another": {
			`provider alpha openai https://alpha.invalid/v1 keys k0 k1
upstream alpha.invalid
  key k0: 401, then 200
  key k1: 200, then 500
reload
` + together,
			[]string{
				"alpha.invalid k0 200; alpha.invalid k0 401; alpha.invalid k1 200; c1 got 200; c2 got 200",
				"alpha.invalid k0 401; alpha.invalid k1 200; alpha.invalid k1 500; c1 got 200; c2 got 500",
				"alpha.invalid k0 401; alpha.invalid k1 200; alpha.invalid k1 500; c1 got 500; c2 got 200",
			},
		},
		"a provider that goes": {
			`gateway tunnel=deny
provider alpha openai https://alpha.invalid/v1 keys k0
upstream alpha.invalid
  key k0: 200
reload
connect t1 alpha.invalid:443
provider alpha delete
parallel
  send t1 POST /v1/chat/completions
  request POST https://alpha.invalid/v1/chat/completions as c1
  reload
`,
			[]string{
				"alpha.invalid k0 200; alpha.invalid k0 200; c1 got 200; reloaded, no providers; t1 got 200",
				"alpha.invalid k0 200; c1 got 200; reloaded, no providers; t1 got 403",
				"alpha.invalid k0 200; c1 got 403; reloaded, no providers; t1 got 200",
				"alpha.invalid k0 200; c1 refused 403; reloaded, no providers; t1 got 200",
				"c1 got 403; reloaded, no providers; t1 got 403",
				"c1 refused 403; reloaded, no providers; t1 got 403",
			},
		},
		"answers that take their time": {
			fmt.Sprintf(pool, "429 retry-after=5 delay=2s, then 200 delay=1s") + together,
			[]string{
				"alpha.invalid k0 200; alpha.invalid k0 429; c1 got 200; c2 got 429 retry-after=5",
				"alpha.invalid k0 200; alpha.invalid k0 429; c1 got 429 retry-after=5; c2 got 200",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, o := play(t, c.text)
			assert.Empty(t, o.Unknown)
			assert.Equal(t, c.want, outcomes(o))
		})
	}
}

// What was seen says where the world is.
func TestGoesOnFromWhatWasSeen(t *testing.T) {
	text := fmt.Sprintf(pool, "429 retry-after=5, then 200, then 500") + together + "advance 5s\n" + ask
	line := "alpha.invalid got POST /v1/chat/completions key=k0, answered "
	_, o := play(t, text, line+"429", "c1 got 429 retry-after=5", "c2 got 429 retry-after=5")
	assert.Equal(t, []string{line + "200", "client got 200"}, o.Lines(), "the second answer is still to come")
	_, o = play(t, text, line+"200", line+"429", "c2 got 200", "c1 got 429 retry-after=5")
	assert.Equal(t, []string{line + "500", "client got 500"}, o.Lines())
	assert.Nil(t, o.Allowed)
	p, o := play(t, text, line+"429", line+"429", "c1 got 429 retry-after=5", "c2 got 429 retry-after=5")
	assert.Equal(t, "what was seen is not among what may happen", p.Lost())
	assert.Nil(t, o.Lines())
}

// A state that is not ruled out yet shows later.
func TestKeepsStatesThatLookAlike(t *testing.T) {
	text := `gateway strategy=round-robin
provider alpha openai https://alpha.invalid/v1 keys k0 k1
upstream alpha.invalid
  key any: 429 retry-after=5, then 200, then 200, then 200
reload
` + together + "expect keys alpha\n"
	line := "alpha.invalid got POST /v1/chat/completions key="
	_, o := play(t, text, line+"k0, answered 429", line+"k1, answered 200", line+"k1, answered 200", "c1 got 200", "c2 got 200")
	assert.Equal(t, []string{"alpha k0 cooling 5s (429)", "alpha k1 available"}, o.Lines())
	assert.Nil(t, o.Allowed)
}

// Too many ways are none that anybody foretells.
func TestGivesUpOnTooManyWays(t *testing.T) {
	text := "provider alpha openai https://alpha.invalid/v1 keys k0 k1 k2 k3\nupstream alpha.invalid\n  key any end=loop: 429 retry-after=5, then 401, then 429 retry-after=9, then 200, then 429\nreload\nparallel\n"
	for i := range 6 {
		text += fmt.Sprintf("  request POST https://alpha.invalid/v1/chat/completions as c%d\n", i)
	}
	_, o := play(t, text)
	assert.Equal(t, "what happens at the same time can go in too many ways", o.Unknown)
	assert.Nil(t, o.Lines())
	text = strings.Replace(text, "parallel\n", "source stalls\nparallel\n  reload\n", 1)
	_, o = play(t, text)
	assert.Equal(t, "the model foretells no such parallel step", o.Unknown)
}

// What an answer that comes after a reload does to a key that went with it, nobody
// foretells.
func TestGivesUpOnLateAnswers(t *testing.T) {
	text := fmt.Sprintf(pool, "%s") + "provider alpha move https://alpha.invalid/other\nparallel\n  request POST https://alpha.invalid/v1/chat/completions as c1\n  reload\n"
	_, o := play(t, fmt.Sprintf(text, "429"))
	assert.Equal(t, "a late answer speaks of a key whose row is gone or moved", o.Unknown)
	_, o = play(t, fmt.Sprintf(text, "200"))
	assert.Len(t, outcomes(o), 2, "the path tells before from after")
}

// Requests that were under way go on in the round of the pool that took theirs over.
func TestRoundGoesOnInAReload(t *testing.T) {
	_, o := play(t, `gateway strategy=round-robin
provider alpha openai https://alpha.invalid/v1 keys k0 k1
upstream alpha.invalid
  key any: 200
reload
`+together+"  reload\n")
	assert.Empty(t, o.Unknown)
	assert.Equal(t, []string{"alpha enabled; alpha.invalid k0 200; alpha.invalid k1 200; c1 got 200; c2 got 200"}, outcomes(o))
}

// What was seen is among the allowed in whatever order one actor's lines come; else
// the nearest is told.
func TestAmong(t *testing.T) {
	o := model.Outcome{Allowed: [][]string{{"a", "b", "b"}, {"a", "c"}}}
	for _, c := range []struct {
		seen, nearest []string
		ok            bool
	}{
		{[]string{"b", "a", "b"}, []string{"a", "b", "b"}, true},
		{[]string{"c", "a"}, []string{"a", "c"}, true},
		{[]string{"b", "a"}, []string{"a", "b", "b"}, false},
		{[]string{"c"}, []string{"a", "c"}, false},
		{nil, []string{"a", "b", "b"}, false},
	} {
		nearest, ok := o.Among(c.seen, slices.Equal)
		assert.Equal(t, c.nearest, nearest, "%q", c.seen)
		assert.Equal(t, c.ok, ok, "%q", c.seen)
	}
}
