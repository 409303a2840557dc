package drill_test

import (
	"fmt"

	"github.com/gatedrill/gatedrill/sim/drill"
)

func ExampleParse() {
	d, err := drill.Parse("drills/wait.drill", []byte(`
# The client is told the shortest wait.
provider alpha openai https://alpha.invalid/v1 keys k0 k1
upstream alpha.invalid
  key k0: 429 retry-after=5
  key k1: 429 retry-after=3
reload
request POST https://alpha.invalid/v1/chat/completions
  => client got 429 retry-after=3
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Name)
	for _, s := range d.Steps {
		fmt.Printf("%v: %v, want %q\n", s.Pos, s.Op, s.Want)
	}
	// Output:
	// wait
	// drills/wait.drill:3:1: provider alpha openai https://alpha.invalid/v1 keys k0 k1, want []
	// drills/wait.drill:4:1: upstream alpha.invalid, want []
	// drills/wait.drill:7:1: reload, want []
	// drills/wait.drill:8:1: request POST https://alpha.invalid/v1/chat/completions, want ["client got 429 retry-after=3"]
}

func ExampleParse_mistakes() {
	_, err := drill.Parse("wait.drill", []byte(`
provider alpha opanai https://api.example.com keys k0
reload
advance 5
send t1 POST /v1/chat/completions
`))
	fmt.Println(err)
	// Output:
	// wait.drill:2:16: unknown provider type "opanai": did you mean "openai"?
	// wait.drill:2:23: host "api.example.com" does not end in .invalid: write "api.invalid"
	// wait.drill:4:9: duration "5" has no unit: write 5s or 5ms
	// wait.drill:5:6: no tunnel t1 is open here: connect t1 HOST:PORT first
}

func ExampleDrill_String() {
	d := drill.Drill{
		Steps: []drill.Step{
			{
				Lead: []string{"# A provider that cannot be used poisons nobody else."},
				Op:   drill.ProviderOp{Row: drill.Row{Name: "alpha", Type: "openai", URL: "://not-a-url", Keys: []string{"k0"}, HasKeys: true}},
			},
			{Op: drill.ReloadOp{}, Want: []string{`alpha error: invalid base url "://not-a-url"`}},
		},
	}
	fmt.Print(d.String())
	// Output:
	// # A provider that cannot be used poisons nobody else.
	// provider alpha openai "://not-a-url" keys k0
	// reload
	//   => alpha error: invalid base url "://not-a-url"
}

func ExampleUpdate() {
	text := []byte(`reload
    => alpha enabled     # stale, and laid out by a person

connect   t1   alpha.invalid:443
`)
	text, err := drill.Update("x.drill", text, [][]string{{"alpha disabled"}, {"t1 refused 403"}})
	fmt.Print(string(text), err)
	// Output:
	// reload
	//     => alpha disabled
	//
	// connect   t1   alpha.invalid:443
	//   => t1 refused 403
	// <nil>
}
