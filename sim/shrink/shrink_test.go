package shrink_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/shrink"
)

const long = `# Much ado.

gateway bridge=recorded policy=recovering
provider alpha openai https://alpha.invalid/v1 keys k3 k7
provider beta openai https://beta.invalid/v1 keys k4
upstream alpha.invalid
  key k3 end=loop: 500, then 429 retry-after=9, then 200 stream events=4 every=1s reset after=event:2
  key any: 200
upstream beta.invalid
  key any: 200
reload
  => alpha enabled
  => beta enabled
connect t4 alpha.invalid:443
start s2 send t4 POST /v1/chat/completions body=64KiB
parallel
  request POST https://beta.invalid/v1/chat/completions as c5 key=mine
  request POST https://alpha.invalid/v1/chat/completions as c6
await s2
advance 3h7m
provider alpha rename gamma
reload
`

// fails is a failure that is seen in the text alone.
type fails func(text string, seed uint64) bool

func has(parts ...string) fails {
	return func(text string, _ uint64) bool {
		return !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(text, p) })
	}
}

func TestShrink(t *testing.T) {
	for name, tt := range map[string]struct {
		still    fails
		want     string
		wantSeed uint64
	}{
		"one step":             {has("reload\n"), "reload\n", 1},
		"a step and its needs": {has("rename"), "provider alpha openai https://alpha.invalid/v1\nprovider alpha rename gamma\n", 1},
		"an answer":            {has("429 "), "upstream alpha.invalid\n  key any: 429 retry-after=5\n", 1},
		"a fault":              {has("reset"), "", 1},
		"a parallel step":      {has("as c"), "request POST https://beta.invalid/v1/chat/completions as c1\n", 1},
		"a started step":       {has("start "), "", 1},
		"a duration":           {has("advance "), "advance 1s\n", 1},
		"its own latencies": {func(text string, seed uint64) bool { return seed == 99 && has("advance ")(text, 0) },
			"advance 1s\n", 99},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := drill.Parse("long.drill", []byte(long))
			require.NoError(t, err)
			small, seed := shrink.Shrink(d, 99, shrink.Options{}, func(d *drill.Drill, seed uint64) bool {
				return tt.still(d.String(), seed)
			})
			assert.Equal(t, tt.wantSeed, seed)
			assert.True(t, tt.still(small.String(), seed), "it is not the same failure any more:\n%s", small)
			require.NoError(t, small.Check())
			if tt.want != "" {
				assert.Equal(t, tt.want, small.String())
			}
			assert.LessOrEqual(t, len(small.Steps), 4, small.String())
		})
	}
}

// Who has no time gets what there is.
func TestShrinkStopsWhenToldTo(t *testing.T) {
	d, err := drill.Parse("long.drill", []byte(long))
	require.NoError(t, err)
	tries, taken := 0, ""
	small, seed := shrink.Shrink(d, 99, shrink.Options{Enough: func() bool { return tries >= 3 }}, func(d *drill.Drill, _ uint64) bool {
		if tries++; tries == 2 {
			taken = d.String()
		}
		return tries == 2
	})
	assert.Equal(t, 3, tries)
	assert.Equal(t, taken, small.String())
	assert.EqualValues(t, 99, seed)
}

// What is left cannot be made smaller by the same means.
func TestShrinkIsDone(t *testing.T) {
	d, err := drill.Parse("long.drill", []byte(long))
	require.NoError(t, err)
	still := func(d *drill.Drill, _ uint64) bool { return has("retry-after", "rename", "start ")(d.String(), 0) }
	once, seed := shrink.Shrink(d, 99, shrink.Options{}, still)
	twice, _ := shrink.Shrink(once, seed, shrink.Options{}, still)
	assert.Equal(t, once.String(), twice.String())
}
