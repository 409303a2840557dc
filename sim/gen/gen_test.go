package gen_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/gen"
	"github.com/gatedrill/gatedrill/sim/model"
)

func ExampleWaits() {
	story := gen.Waits().Example(1)
	fmt.Println(story.Drill.About())
	fmt.Println(story.Drill.Steps[0].Op)
	// Output:
	// The keys of a pool are rate limited, one after the other and at the same time: a client that no key is left for is told the shortest wait, and a client that waits exactly so long finds a key.
	// gateway bridge=recorded policy=recovering strategy=round-robin
}

func plots() map[string]func() *rapid.Generator[gen.Story] {
	return map[string]func() *rapid.Generator[gen.Story]{
		"crud": gen.CRUD, "stale tunnels": gen.StaleTunnels, "duplicate hosts": gen.DuplicateHosts, "waits": gen.Waits,
	}
}

// A story says what is to be seen of every step that shows anything, but for
// requests at the same time, and its text is all there is to it.
func TestStoriesAreForetold(t *testing.T) {
	for name, plot := range plots() {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				s := plot().Draw(rt, "story")
				again, err := drill.Parse(s.Drill.Name+".drill", []byte(s.Drill.String()))
				if err != nil || !again.Equal(s.Drill) {
					rt.Fatalf("not its own text: %v\n%s", err, s.Drill)
				}
				for i, o := range model.Predict(s.Drill) {
					step := s.Drill.Steps[i]
					_, together := step.Op.(drill.ParallelOp)
					_, looks := step.Op.(drill.ExpectOp) // at a row that was edited and not reloaded
					if o.Unknown != "" && !together && !looks {
						rt.Fatalf("%s  %s: %s\n%s", step.Pos, step.Op, o.Unknown, s.Drill)
					}
				}
			})
		})
	}
}

// A story that never gets near a danger proves nothing: each danger is met in
// some of the stories, and says how a reader finds it in their text.
func TestStoriesMeetDangers(t *testing.T) {
	const stories = 400
	for name, dangers := range map[string]map[string]func(text string) bool{
		"crud": {
			"the source fails":            has("live is the same snapshot"),
			"every row is invalid":        has("alpha error: "),
			"nobody is left":              has("reloaded, no providers"),
			"a key cools across a reload": has("answered 429", "reload"),
			"a row without a host":        has("has no hostname"),
			"a key is refused":            has("answered 401", "answered 403"),
			"the upstream breaks":         has("answered 500"),
		},
		"stale tunnels": {
			"a tunnel outlives its route": has("t1 established, intercepted as alpha", "key=none, answered 401\n  => t1 got 401"),
			"a successor has the host":    has("established, intercepted as beta"),
			"a tunnel that stays raw":     has("tunnelled unread"),
			"a key of the client's own":   has("key=mine"),
		},
		"duplicate hosts": {
			"the second row loses":       has(`already claimed by provider "alpha"`),
			"the winner changes":         has(`already claimed by provider "beta"`),
			"letters do not matter":      has("https://ALPHA.invalid", "already claimed"),
			"a port does not matter":     has(":8443/v1 keys", "already claimed"),
			"an upstream on its port":    has("alpha.invalid:8443 got POST"),
			"a name that is taken":       has("already used"),
			"the second row takes over":  has("beta error: hostname", "bridge got POST /api/v2/aibridge/beta/"),
			"a bad row beside good ones": has("broken error: "),
		},
		"waits": {
			"an exhausted pool":              has("client got 429 retry-after="),
			"nobody waits for the refused":   has("client got 502"),
			"cooling and refused":            has("answered 401", "client got 429 retry-after="),
			"the second hint is shorter":     regexp.MustCompile(`429 delay=1s( retry-after=30)?, then 429 delay=2\.0005s retry-after(-ms)?=`).MatchString,
			"a date":                         has("date+"),
			"no hint":                        has(": 429\n"),
			"more than a day":                has("client got 429 retry-after=86400"),
			"a moment before the deadline":   has("999ms\n"),
			"own key on a pool that rests":   has("key=mine, answered", "client got 429 retry-after="),
			"a key that came back":           has("cooling", "answered 200"),
			"another order of the same keys": has("set keys"),
		},
	} {
		met := map[string]int{}
		for seed := range stories {
			text := plots()[name]().Example(seed).Drill.String()
			for danger, in := range dangers {
				if in(text) {
					met[danger]++
				}
			}
		}
		for danger := range dangers {
			assert.Positive(t, met[danger], "%s: none of %d stories has: %s", name, stories, danger)
		}
		t.Logf("%s: %v", name, met)
	}
}

// has reports whether all parts stand in a text, in this order.
func has(parts ...string) func(string) bool {
	return func(text string) bool {
		for _, part := range parts {
			_, after, ok := strings.Cut(text, part)
			if !ok {
				return false
			}
			text = after
		}
		return true
	}
}
