package recording_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/sim/recording"
)

// demand draws a drill: keys with their own sequences of answers, clients alone and at the
// same time, tunnels that stay, edits and reloads.
func demand(t *rapid.T) string {
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	var b strings.Builder
	fmt.Fprintf(&b, "gateway policy=%s strategy=%s base-url=on\n", pick("policy", "strict", "recovering"), pick("strategy", "primary", "round-robin", "least-limited"))
	keys := rapid.IntRange(1, 4).Draw(t, "keys")
	names := ""
	b.WriteString("upstream alpha.invalid\n")
	for k := range keys {
		names += fmt.Sprintf(" k%d", k)
		answers := []string{}
		for range rapid.IntRange(1, 6).Draw(t, "answers") {
			answers = append(answers, pick("answer", "200", "200 delay=40ms", "200 stream events=4 every=30ms", "429 retry-after=2", "429 retry-after=7 delay=15ms",
				"429", "429 retry-after-ms=1500", "429 code=insufficient_quota", "401", "403", "529", "400", "200 stream events=5 truncate after=event:2",
				"200 reset after=byte:1", "200 garbage after=status", "429 retry-after=date+4s"))
		}
		fmt.Fprintf(&b, "  key k%d end=loop: %s, then 200 times=2\n", k, strings.Join(answers, ", then "))
	}
	b.WriteString("  key own: 200\n")
	fmt.Fprintf(&b, "provider alpha openai https://alpha.invalid/v1 keys%s\nreload\nrequest POST https://alpha.invalid/v1/x key=own\nconnect t1 alpha.invalid:443\n", names)
	name := "alpha"
	for i := range rapid.IntRange(3, 25).Draw(t, "steps") {
		switch pick("step", "request", "request", "send", "base", "absolute", "advance", "advance", "together", "rename", "keys", "fails", "heal", "denied") {
		case "request":
			fmt.Fprintf(&b, "request POST https://alpha.invalid/v1/chat/completions%s\n", pick("key", "", "", "", " key=own"))
		case "send":
			b.WriteString("send t1 POST /v1/chat/completions\n")
		case "base":
			fmt.Fprintf(&b, "request POST http://gateway.invalid/api/v2/aibridge/%s/v1/x via=base-url\n", name)
		case "absolute":
			b.WriteString("request GET http://alpha.invalid/v1/models via=absolute\n")
		case "denied":
			b.WriteString("request GET http://alpha.invalid/v1/models via=absolute token=none\n")
		case "advance":
			fmt.Fprintf(&b, "advance %s\n", pick("by", "100ms", "1s", "1999ms", "2s", "5s", "1m", "20m"))
		case "together":
			fmt.Fprintf(&b, "start a%d request POST https://alpha.invalid/v1/a as a%d\nadvance %s\n", i, i, pick("between", "5ms", "20ms", "35ms"))
			fmt.Fprintf(&b, "start b%d request POST https://alpha.invalid/v1/b as b%d\nawait a%d\nawait b%d\n", i, i, i, i)
		case "rename":
			next := pick("name", "alpha", "beta", "gamma")
			fmt.Fprintf(&b, "provider %s rename %s\nreload\n", name, next)
			name = next
		case "keys":
			fmt.Fprintf(&b, "provider %s set keys%s\nreload\n", name, pick("set", names, " k0", " extra"+names))
		case "fails":
			b.WriteString("source fails \"down\"\nreload\nsource heals\n")
		case "heal":
			fmt.Fprintf(&b, "provider %s set keys%s\nreload\nheal %s k0\n", name, names, name)
		}
	}
	if strings.Contains(b.String(), "extra") {
		return strings.Replace(b.String(), "  key own:", "  key extra end=loop: 429 retry-after=1, then 200\n  key own:", 1)
	}
	return b.String()
}

// Whatever was recorded is decided the same when it is played again, on another seed too.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := demand(rt)
		seed := rapid.Uint64Range(1, 1000).Draw(rt, "seed")
		run, _ := recorded(t, text, seed)
		s, err := recording.Convert("roundtrip", run, recording.Options{})
		require.NoError(rt, err)
		v := replayed(t, s, seed+rapid.Uint64Range(0, 3).Draw(rt, "another"))
		if d := s.Compare(v); d != nil {
			rt.Fatalf("%s\nrecorded:\n%s\nreplayed:\n%s", d, text, s.Text)
		}
	})
}
