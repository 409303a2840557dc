package explore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/explore"
)

// crowds are drills that send requests at the same time, and little else: to one or two
// providers, out of the pool and with own keys, through tunnels that may be stale, and
// perhaps with a reload among them. Afterwards each key shows what became of it.
func crowds(t *rapid.T) string {
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	var b strings.Builder
	fmt.Fprintf(&b, "gateway policy=%s strategy=%s tunnel=%s\n", pick("policy", "strict", "recovering"),
		pick("strategy", "primary", "round-robin", "least-limited"), pick("tunnel", "allow", "deny"))
	for i, host := range []string{"alpha", "beta"} {
		keys := []string{"k0", "k1", "k2"}
		if i > 0 {
			keys = []string{"k3", "k4"}
		}
		fmt.Fprintf(&b, "provider %s openai https://%s.invalid/v1 keys %s\n", host, host, strings.Join(keys[:rapid.IntRange(1, len(keys)).Draw(t, "keys")], " "))
		fmt.Fprintf(&b, "upstream %s.invalid\n  key any end=loop: 200", host)
		for range rapid.IntRange(1, 4).Draw(t, "answers") {
			fmt.Fprintf(&b, ", then %s", pick("answer", "200", "500", "429 retry-after=5", "429", "401", "403", "429 retry-after-ms=1500", "429 retry-after=9 delay=2s", "200 delay=3s"))
		}
		b.WriteString("\n")
	}
	b.WriteString("reload\nconnect t1 alpha.invalid:443\nconnect t2 beta.invalid:443\n")
	b.WriteString(pick("edit", "", "", "provider alpha delete\n", "provider alpha disable\n", "provider alpha rename gamma\n", "provider beta move https://alpha.invalid/v1\n"))
	b.WriteString(pick("before", "", "reload\n"))
	for i := range rapid.IntRange(1, 2).Draw(t, "crowds") {
		b.WriteString("parallel\n")
		if rapid.Bool().Draw(t, "reload") {
			b.WriteString("  reload\n")
		}
		var ops []string
		for j := range 2 {
			host := pick("host", "alpha", "alpha", "beta")
			own := pick("own key", "", "", "", " key=mine")
			ops = append(ops, fmt.Sprintf("  request POST https://%s.invalid/v1/chat/completions as c%d%d%s\n", host, i, j, own))
		}
		for j := range 2 {
			ops = append(ops, fmt.Sprintf("  send t%d POST /v1/chat/completions\n", j+1))
		}
		for _, k := range rapid.Permutation([]int{0, 1, 2, 3}).Draw(t, "order")[:rapid.IntRange(2, 4).Draw(t, "how many")] {
			b.WriteString(ops[k])
		}
		b.WriteString(pick("wait", "", "advance 3s\n", "advance 10s\n"))
	}
	b.WriteString("expect keys alpha\nexpect keys beta\nrequest POST https://alpha.invalid/v1/chat/completions\nrequest POST https://beta.invalid/v1/chat/completions\n")
	return b.String()
}

// What the reference gateway does with crowds is always one of the ways that the
// model allows.
func TestCrowdsDoWhatIsAllowed(t *testing.T) {
	draw := rapid.Custom(crowds)
	for i := range 100 {
		text := draw.Example(i)
		d, err := drill.Parse("crowd.drill", []byte(text))
		require.NoError(t, err, text)
		r := explore.Again(t, sim.Reference(), d, uint64(i+1))
		require.Empty(t, r.Broken, text)
		for _, f := range r.Failures {
			assert.False(t, f.IsDifference(), "%s\n%s", f.Text, text)
		}
	}
}
