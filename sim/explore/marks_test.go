package explore_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/explore"
	"github.com/gatedrill/gatedrill/sim/gen"
)

// scene is what the drills below have in common; what is behind it makes the
// difference.
const scene = `gateway replay=1KiB
provider alpha openai https://alpha.invalid/v1 keys k0 k1
upstream alpha.invalid
  key any end=loop: 200
reload
`

const ask = "request POST https://alpha.invalid/v1/chat/completions"

// Each mark has a story that reaches it, and one that comes close and does not.
func TestMarks(t *testing.T) {
	script := func(rule string) string { return "upstream alpha.invalid\n  " + rule + "\n" }
	for mark, tt := range map[string]struct{ reaches, misses string }{
		"all keys exhausted":                           {script("key any: 429 retry-after=5") + ask + "\n", script("key k0: 429 retry-after=5\n  key k1: 429 retry-after=5") + ask + " key=mine\n"},
		"exhausted with a mix of cooling and disabled": {script("key k0: 401\n  key k1: 429") + ask + "\n", script("key any: 429") + ask + "\n"},
		"a reload during a stream": {
			script("key any: 200 stream events=5 every=1s") + "start s1 " + ask + "\nadvance 1500ms\nreload\nawait s1\n",
			script("key any: 200 stream events=5 every=1s") + ask + "\nreload\n"},
		"a tunnel that outlived its route": {
			"connect t1 alpha.invalid:443\nprovider alpha rename beta\nreload\nsend t1 POST /v1/chat/completions\n",
			"connect t1 alpha.invalid:443\nprovider alpha rename beta\nsend t1 POST /v1/chat/completions\n"},
		"rename while cooling": {script("key any: 429") + ask + "\nprovider alpha rename beta\nreload\n", script("key any: 500") + ask + "\nprovider alpha rename beta\nreload\n"},
		"a key re-added within its cooldown": {
			script("key any: 429 retry-after=5") + ask + "\nprovider alpha set keys k1\nreload\nprovider alpha set keys k0 k1\nreload\n",
			script("key any: 429 retry-after=5") + ask + "\nprovider alpha set keys k1\nreload\nadvance 6s\nprovider alpha set keys k0 k1\nreload\n"},
		"a duplicate host that changes winner": {
			"provider beta openai https://alpha.invalid keys k2\nreload\nprovider alpha delete\nprovider alpha openai https://alpha.invalid/v1 keys k0\nreload\n",
			"provider beta openai https://alpha.invalid keys k2\nreload\nprovider alpha delete\nreload\n"},
		"source failing, then healing": {"source fails \"x\"\nreload\nsource heals\nreload\n", "source fails \"x\"\nreload\n"},
		"every row invalid":            {"provider alpha move \"\"\nreload\n", "provider alpha disable\nreload\n"},
		"429 without a hint":           {script("key any: 429") + ask + "\n", script("key any: 429 retry-after=5") + ask + "\n"},
		"HTTP-date hint":               {script("key any: 429 retry-after=date+5s") + ask + "\n", script("key any: 429 retry-after=soon") + ask + "\n"},
		"client gone between two attempts": {
			script("key k0: 429\n  key k1: 200 delay=9s") + "start s1 " + ask + "\nadvance 1s\ncancel s1\n",
			script("key k0: 200 delay=9s") + "start s1 " + ask + "\nadvance 1s\ncancel s1\n"},
		"reset before the status line":              {script("key any: 200 reset after=status") + ask + "\n", script("key any: 200 reset after=headers") + ask + "\n"},
		"reset after the first event":               {script("key any: 200 stream reset after=event:1") + ask + "\n", script("key any: 200 reset after=byte:10") + ask + "\n"},
		"body larger than the replay limit":         {ask + " body=1025B\n", ask + " body=1KiB\n"},
		"BYOK on a pool whose keys are all cooling": {script("key any: 429") + ask + "\n" + ask + " key=mine\n", script("key k0: 429\n  key any: 200") + ask + "\n" + ask + " key=mine\n"},
		"two reloads at once": {
			"source stalls\nstart r1 reload\nstart r2 reload\nsource heals\nawait r1\nawait r2\n",
			"source stalls\nstart r1 reload\nsource heals\nstart r2 reload\nawait r1\nawait r2\n"},
		"a CONNECT during a reload": {
			"source slow 5s\nstart r1 reload\nconnect t1 alpha.invalid:443\nawait r1\n",
			"source slow 5s\nstart r1 reload\nawait r1\nconnect t1 alpha.invalid:443\n"},
	} {
		t.Run(mark, func(t *testing.T) {
			require.Contains(t, explore.Marks(), mark)
			assert.Contains(t, marksOf(t, scene+tt.reaches), mark)
			assert.NotContains(t, marksOf(t, scene+tt.misses), mark, "it only came close")
		})
	}
	assert.Len(t, explore.Marks(), 18, "each mark has its stories above")
}

func marksOf(t *testing.T, text string) []string {
	d, err := drill.Parse("mark.drill", []byte(text))
	require.NoError(t, err)
	r := explore.Play(t, sim.Reference(), explore.Job{}, gen.Story{Drill: d, Seed: 1})
	require.Empty(t, r.Broken)
	require.True(t, slices.IsSorted(r.Features))
	return r.Marks
}
