package patient_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/scenarios"
	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/worker"
)

// library has every drill of the library played against a gateway on one seed.
func library(t *testing.T, gateway string, seed uint64) []*sim.Verdict {
	t.Helper()
	var jobs []worker.Job
	for _, s := range scenarios.All() {
		jobs = append(jobs, worker.Job{File: s.Path, Text: string(s.Text), Gateway: gateway, Seed: seed})
	}
	return play(t, jobs...)
}

// why says of each property that a run broke the first way in which it did: the
// first line that is not as the drill has it, and the first finding of each check.
func why(v *sim.Verdict) []string {
	var list []string
	for _, s := range v.Steps {
		if s.Differs() {
			list = append(list, "=> "+s.Line+": "+difference(s))
			break
		}
	}
	var told []string
	for _, f := range v.Findings {
		if !slices.Contains(told, f.Check) {
			told = append(told, f.Check)
			text, _, _ := strings.Cut(f.Text, "\n")
			list = append(list, f.Check+": "+text)
		}
	}
	return list
}

// difference is the first line of a step that is not as expected.
func difference(s sim.StepResult) string {
	i := 0
	for i < len(s.Want) && i < len(s.Got) && !(sim.StepResult{Want: s.Want[i : i+1], Got: s.Got[i : i+1]}).Differs() {
		i++
	}
	line := func(list []string) string {
		if i < len(list) {
			return fmt.Sprintf("%q", list[i])
		}
		return "nothing"
	}
	return "want " + line(s.Want) + ", got " + line(s.Got)
}

// table is what was found, drill by drill.
func table(verdicts []*sim.Verdict) string {
	var b strings.Builder
	for _, v := range verdicts {
		if v.Outcome() == sim.Failed {
			fmt.Fprintf(&b, "%s\n", v.Drill)
			for _, line := range why(v) {
				fmt.Fprintf(&b, "  %s\n", line)
			}
		}
	}
	return b.String()
}

// golden compares a table with the one in testdata. A failure less than there may
// be a drill that went blind.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "read the difference, then run the test with -update")
}

func TestConnectMitmFailsTheLibrary(t *testing.T) {
	verdicts := library(t, "connect-mitm", 1)
	for _, v := range verdicts {
		assert.NotEqual(t, sim.Broken, v.Outcome(), v.Story(""))
	}
	golden(t, "library.golden", table(verdicts))
}

// The golden table says what is found today; this one, what has to be found by
// any library of this kind, whatever -update was given.
func TestConnectMitmFailsForGoodReasons(t *testing.T) {
	reasons := []struct{ drill, want string }{
		// Each request begins with the first key again, and forwards the last refusal.
		{"anthropic-failover-429", `key k0: the sequence "429 retry-after=5, then 200" ran out`},
		{"openai-failover-429", `key k0: the sequence "429 retry-after=5, then 200" ran out`},
		{"cooldown-survives-rename", `key k0: the sequence "429 retry-after=60, then 200" ran out`},
		{"anthropic-all-rate-limited", "retry-after-is-true: client was told to wait 10 s; the first key is back in 3 s"},
		{"openai-all-rate-limited", "retry-after-is-true: client was told to wait 10 s; the first key is back in 3 s"},
		{"retry-after-is-true", "retry-after-is-true: client was told to wait 10 s; the first key is back in 3 s"},
		{"anthropic-all-unauthorized", `want "client got 502", got "client got 401"`},
		{"openai-all-unauthorized", `want "client got 502", got "client got 401"`},
		// A client's own key is overwritten.
		{"anthropic-own-key-429", "byok-is-alone: client brought key mine, and alpha.invalid got k0"},
		{"openai-own-key-429", "byok-is-alone: client brought key mine, and alpha.invalid got k0"},
		// A tunnel belongs to nobody.
		{"stale-after-rename", `got "bridge got POST /api/v2/aibridge/alpha-v2/v1/chat/completions"`},
		{"stale-after-host-moved", `got "bridge got POST /api/v2/aibridge/beta/v1/chat/completions"`},
		{"four-clients-failover-and-reload", `key none: answer "401" was never asked for`},
		// Hosts are compared as they are written.
		{"duplicate-host", `got "shared.invalid got POST /v1/chat/completions key=none`},
	}
	found := map[string]string{}
	for seed := range uint64(3) {
		for _, v := range library(t, "connect-mitm", seed+1) {
			found[v.Drill] = strings.Join(why(v), "\n")
		}
		for _, r := range reasons {
			assert.Contains(t, found[r.drill], r.want, "%s on seed %d", r.drill, seed+1)
		}
	}
}

// Handlers that look into the live map do get some things right. A patient that
// failed everything would prove nothing.
func TestConnectMitmIsNotAllWrong(t *testing.T) {
	right := []string{"crud-routing", "source-fails", "malformed-url", "refused-without-token", "refused-untrusted-ca", "stale-after-delete", "stale-after-disable"}
	for _, v := range library(t, "connect-mitm", 1) {
		if slices.Contains(right, v.Drill) {
			assert.Equal(t, sim.Passed, v.Outcome(), v.Story(""))
		}
	}
}

// What goproxy leaves to whoever builds on it, and people leave out.
func TestConnectMitmLeavesOutWhatGoproxyLeavesOut(t *testing.T) {
	left := []string{
		"absolute-form", "another-host-header", "another-server-name", "compressed-answer", "connection-close",
		"hop-by-hop", "host-in-capitals", "idle-tunnel", "plaintext-in-tunnel", "token-as-key", "two-hosts",
		"two-lengths", "upstream-refuses", "user-in-host",
	}
	found := 0
	for _, v := range library(t, "connect-mitm", 1) {
		if slices.Contains(left, v.Drill) {
			found++
			assert.Equal(t, sim.Failed, v.Outcome(), v.Drill)
		}
	}
	assert.Equal(t, len(left), found, "a drill of the list is no longer in the library")
}
