package law_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/law"
)

const two = `provider alpha openai https://alpha.invalid/v1 keys k0
provider beta openai https://beta.invalid/v1 keys k1
upstream alpha.invalid
  key k0: 200
reload
request GET https://alpha.invalid/v1/models
`

// told are the steps of a law's variant; nil: it says nothing of the drill.
func told(t *testing.T, name, text string) []string {
	t.Helper()
	d, err := drill.Parse("x.drill", []byte(text))
	require.NoError(t, err)
	for _, l := range law.All() {
		if l.Name != name {
			continue
		}
		v, ok := l.Variant(d)
		require.Equal(t, text, d.String(), "the drill is left alone")
		if !ok {
			return nil
		}
		require.NoError(t, v.Drill.Check(), "a variant is a drill")
		var lines []string
		for i, s := range v.Drill.Steps {
			line, _, _ := strings.Cut(s.Op.String(), " http")
			if same := v.Same[i]; same >= 0 {
				assert.Equal(t, d.Steps[same].Op, s.Op)
			} else {
				line = "+ " + line
			}
			lines = append(lines, line)
		}
		return lines
	}
	t.Fatalf("no law %s", name)
	return nil
}

func TestVariants(t *testing.T) {
	tests := []struct {
		law, text string
		want      []string
	}{
		{"reload-of-nothing", two, []string{"provider alpha openai", "provider beta openai", "upstream alpha.invalid", "reload", "+ reload", "request GET", "+ reload"}},
		{"reload-of-nothing", "reload\nprovider alpha openai https://alpha.invalid/v1\nreload\n",
			[]string{"reload", "+ reload", "provider alpha openai", "reload", "+ reload"}},
		{"reload-of-nothing", "reload\nsource stalls\nstart r1 reload\nsource heals\nawait r1\n", []string{"reload", "+ reload", "source stalls", "start r1 reload", "source heals", "await r1"}},
		{"reload-of-nothing", "advance 5s\n", nil},
		{"add-then-remove", "reload\n", []string{"reload", "+ provider passing-by openai", "+ reload", "+ provider passing-by delete", "+ reload"}},
		{"order-of-rows", two, []string{"provider beta openai", "provider alpha openai", "upstream alpha.invalid", "reload", "request GET"}},
		{"order-of-rows", strings.ReplaceAll(two, "beta.invalid", "ALPHA.invalid"), nil},
		{"order-of-rows", strings.ReplaceAll(two, "provider beta", "provider alpha"), nil},
		{"order-of-rows", "reload\n", nil},
		{"one-by-one", two + "provider alpha rename gamma\nprovider beta delete\nreload\n", []string{"provider alpha openai", "+ reload", "provider beta openai", "upstream alpha.invalid", "reload",
			"request GET", "provider alpha rename gamma", "+ reload", "provider beta delete", "reload"}},
		{"one-by-one", two + "provider alpha rename gamma\nprovider beta rename alpha\nreload\n", []string{"provider alpha openai", "+ reload", "provider beta openai", "upstream alpha.invalid", "reload",
			"request GET", "provider alpha rename gamma", "provider beta rename alpha", "reload"}},
		{"one-by-one", "provider alpha openai https://alpha.invalid\nreload\nprovider alpha delete\nprovider beta openai https://alpha.invalid\nreload\n", nil},
		{"one-by-one", "source slow 5s\n" + two, nil},
	}
	for i, test := range tests {
		t.Run(fmt.Sprint(test.law, " ", i), func(t *testing.T) {
			assert.Equal(t, test.want, told(t, test.law, test.text))
		})
	}
}

func TestDifference(t *testing.T) {
	d, err := drill.Parse("x.drill", []byte(two))
	require.NoError(t, err)
	v, ok := law.All()[0].Variant(d)
	require.True(t, ok)
	verdict := func(steps *drill.Drill, request string) *sim.Verdict {
		run := &sim.Verdict{Steps: make([]sim.StepResult, len(steps.Steps))}
		for i, s := range steps.Steps {
			if _, ok := s.Op.(drill.RequestOp); ok {
				run.Steps[i].Got = []string{request}
			}
			if _, ok := s.Op.(drill.ReloadOp); ok {
				run.Steps[i].Got = []string{fmt.Sprint("reload in step ", i)}
			}
		}
		return run
	}
	assert.Empty(t, v.Difference(d, verdict(d, "client got 200"), verdict(v.Drill, "client got 200")))
	assert.Equal(t, `request GET https://alpha.invalid/v1/models: ["client got 200"], and in the variant ["client got 502"]`,
		v.Difference(d, verdict(d, "client got 200"), verdict(v.Drill, "client got 502")))

	ill := verdict(v.Drill, "client got 200")
	ill.Findings = []check.Finding{{Check: "nothing-leaks", Text: "a goroutine is left"}}
	assert.Equal(t, "only the variant has a finding of nothing-leaks: a goroutine is left", v.Difference(d, verdict(d, "client got 200"), ill))
	broken := &sim.Verdict{Error: "no network"}
	assert.Equal(t, "a run broke off: no network", v.Difference(d, broken, broken))
}

func ExampleLaw_Variant() {
	d, err := drill.Parse("x.drill", []byte("provider alpha openai https://alpha.invalid\nreload\nadvance 5s\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	v, _ := law.All()[0].Variant(d)
	fmt.Print(v.Drill)
	// Output:
	// provider alpha openai https://alpha.invalid
	// reload
	// reload
	// advance 5s
	// reload
}
