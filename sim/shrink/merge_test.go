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

// loads are the rows that each reload of a drill finds, a line each.
func loads(d *drill.Drill) []string {
	rows := &drill.Rows{}
	var list []string
	for _, s := range d.Steps {
		switch op := s.Op.(type) {
		case drill.ProviderOp:
			rows.Append(op.Row)
		case drill.EditOp:
			switch op.Edit {
			case drill.EditRename:
				_ = rows.Rename(op.Row, op.Text) // a drill edits rows that it has
			case drill.EditMove:
				_ = rows.Move(op.Row, op.Text)
			case drill.EditKeys:
				_ = rows.SetKeys(op.Row, op.Keys)
			case drill.EditDelete:
				_ = rows.Delete(op.Row)
			}
		case drill.ReloadOp:
			var texts []string
			for _, row := range rows.All() {
				texts = append(texts, drill.ProviderOp{Row: row}.String())
			}
			list = append(list, strings.Join(texts, "; "))
		}
	}
	return list
}

// asked are the answers that requests get from an upstream that has one rule.
func asked(d *drill.Drill) []int {
	var answers, got []int
	for _, s := range d.Steps {
		switch op := s.Op.(type) {
		case drill.UpstreamOp:
			for _, r := range op.Rules {
				for _, a := range r.Answers {
					answers = append(answers, slices.Repeat([]int{a.Status}, max(1, a.Times))...)
				}
			}
		case drill.RequestOp, drill.SendOp:
			if len(answers) > 0 {
				got, answers = append(got, answers[0]), answers[1:]
			}
		}
	}
	return got
}

// Two steps become one where a person would have written one.
func TestShrinkMerges(t *testing.T) {
	reloads := func(want ...string) func(*drill.Drill, uint64) bool {
		return func(d *drill.Drill, _ uint64) bool { return slices.Equal(loads(d), want) }
	}
	const alpha, gamma = "provider alpha openai https://alpha.invalid/v1", "provider gamma openai https://gamma.invalid/v1"
	for name, tt := range map[string]struct {
		text  string
		still func(*drill.Drill, uint64) bool
		want  string
		seed  uint64
	}{
		"a row that comes as it stays": {
			"provider beta openai https://beta.invalid/v1 keys k0\nprovider beta move https://gamma.invalid/v1\nprovider beta set keys\nprovider beta rename gamma\nreload\n",
			reloads(gamma + " keys"), gamma + " keys\nreload\n", 1,
		},
		"an edit of another name": {
			"provider beta openai https://beta.invalid/v1\nprovider beta rename gamma\nprovider gamma move https://gamma.invalid/v1\nreload\n",
			reloads(gamma), gamma + "\nreload\n", 1,
		},
		"one that goes and one that comes": {
			alpha + "\nreload\nprovider alpha delete\nprovider beta openai https://alpha.invalid/v1\nreload\n",
			reloads(alpha, strings.Replace(alpha, "alpha", "beta", 1)), alpha + "\nreload\nprovider alpha rename beta\nreload\n", 1,
		},
		"one that comes and one that goes": {
			alpha + "\nreload\nprovider alpha openai https://gamma.invalid/v1\nprovider alpha delete\nreload\n",
			reloads(alpha, strings.Replace(alpha, "alpha.", "gamma.", 1)), alpha + "\nreload\nprovider alpha move https://gamma.invalid/v1\nreload\n", 1,
		},
		"a name that is not needed": {
			alpha + "\nreload\nprovider alpha rename gamma\nreload\nprovider gamma set keys k1\nreload\n",
			func(d *drill.Drill, _ uint64) bool {
				all := loads(d)
				return len(all) >= 2 && all[0] == alpha && strings.HasSuffix(all[len(all)-1], "keys k1")
			}, alpha + "\nreload\nprovider alpha set keys k1\nreload\n", 1,
		},
		"a tunnel that is not needed": {
			"connect t1 alpha.invalid:443\nsend t1 POST /v1\nstart s1 send t1 GET /v1\nawait s1\nclose t1\n",
			func(d *drill.Drill, _ uint64) bool {
				return strings.Contains(d.String(), "POST") && strings.Contains(d.String(), "GET")
			}, "request POST https://alpha.invalid/v1\nrequest GET https://alpha.invalid/v1\n", 1,
		},
		"two scripts": {
			"upstream alpha.invalid\n  key any: 429\nreload\nupstream alpha.invalid\n  key none: 401\n  key any: 500\n",
			has2("429", "500", "401"), "upstream alpha.invalid\n  key none: 401\n  key any: 429, then 500\n", 1,
		},
		"requests that only use up answers": {
			"upstream alpha.invalid\n  key any: 200 times=3, then 500, then 429, then 200\n" + strings.Repeat("request GET https://alpha.invalid/v1\n", 5),
			func(d *drill.Drill, _ uint64) bool {
				got := asked(d)
				return len(got) > 0 && got[len(got)-1] == 429 && strings.Contains(d.String(), ", then 200")
			}, "upstream alpha.invalid\n  key any: 429, then 200\nrequest GET https://alpha.invalid/v1\n", 1,
		},
		"a reload that waits for a source": {
			alpha + "\nsource stalls\nstart r1 reload\nstart r2 reload\nprovider alpha rename beta\nsource heals\nawait r1\nawait r2\n",
			func(d *drill.Drill, _ uint64) bool {
				text := d.String()
				at, last := strings.Index(text, "rename"), strings.LastIndex(text, "reload")
				return at > 0 && (last > at || strings.LastIndex(text, "await") > at)
			}, alpha + "\nprovider alpha rename beta\nreload\n", 1,
		},
		"a row that stands in the way for a while": {
			alpha + " keys k0\nreload\nprovider beta openai https://alpha.invalid/v1\nprovider alpha delete\n" + alpha + " keys k0\nreload\nprovider beta delete\nreload\n",
			func(d *drill.Drill, _ uint64) bool { // k0 is in use, is not, and is again
				was := []bool{}
				for _, rows := range loads(d) {
					used := strings.HasPrefix(rows, "provider alpha")
					if n := len(was); n == 0 || was[n-1] != used {
						was = append(was, used)
					}
				}
				return slices.Equal(was, []bool{true, false, true}) && has("keys k0")(d.String(), 0) && !has("rename")(d.String(), 0)
			}, alpha + " keys k0\nreload\nprovider alpha delete\nreload\n" + alpha + "\nreload\n", 1,
		},
		"a step that another seed makes up for": {
			"reload\nadvance 1s\n",
			func(d *drill.Drill, seed uint64) bool {
				return strings.Contains(d.String(), "reload") && (strings.Contains(d.String(), "advance") && seed == 99 || seed == 5)
			},
			"reload\n", 5,
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := drill.Parse("long.drill", []byte(tt.text))
			require.NoError(t, err)
			require.True(t, tt.still(d, 99))
			small, seed := shrink.Shrink(d, 99, shrink.Options{}, tt.still)
			assert.Equal(t, tt.want, small.String())
			assert.Equal(t, tt.seed, seed)
		})
	}
}

func has2(parts ...string) func(*drill.Drill, uint64) bool {
	return func(d *drill.Drill, seed uint64) bool { return has(parts...)(d.String(), seed) }
}
