package recording_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy/record"
	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/recording"
)

// sdks was written by `gatedrill serve --record` while openai-go and anthropic-sdk-go went
// through its listeners; e2e/recording_test.go makes it, and says what is in it.
const sdks = "testdata/sdks.ndjson"

// A recording of real clients through real sockets plays again: the same decisions.
func TestRealTrafficPlaysAgain(t *testing.T) {
	text, err := os.ReadFile(sdks)
	require.NoError(t, err)
	line, shown, found := record.FindSecret(string(text))
	require.False(t, found, "line %d: %s", line, shown)
	for _, secret := range []string{"sk-k0", "sk-k1", "sk-k2", "gateway-token", "hello"} {
		assert.NotContains(t, string(text), secret)
	}
	rec, err := record.ReadPath(sdks)
	require.NoError(t, err)
	require.Len(t, rec.Runs, 1)
	seen := map[string]int{}
	for _, f := range rec.Runs[0].Facts {
		seen[f.How]++
		if f.Kind == record.KindDone {
			seen[string(f.Kind)] += f.Status
		}
		seen[f.Via]++
	}
	assert.Equal(t, 7*200+429, seen["done"], "seven answers, and a pool that is exhausted")
	assert.Equal(t, 1, seen[record.HowTruncated])
	assert.Equal(t, []int{5, 3}, []int{seen["tunnel"], seen["base-url"]})

	s, err := recording.Convert("sdks", rec.Runs[0], recording.Options{})
	require.NoError(t, err)
	for seed := range uint64(3) {
		v := replayed(t, s, seed+1)
		if d := s.Compare(v); d != nil {
			t.Fatal(d)
		}
		assert.Equal(t, sim.Passed, v.Outcome(), v.Story(""))
	}
}
