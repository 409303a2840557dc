package sim_test

import (
	"testing"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// Play is called from a test of your own, with your own gateway.
func ExamplePlay() {
	TestFailover := func(t *testing.T) {
		d, err := drill.Parse("failover.drill", []byte(`
provider alpha openai https://alpha.invalid/v1 keys k0 k1
upstream alpha.invalid
  key k0: 429 retry-after=5
  key k1: 200
reload
request POST https://alpha.invalid/v1/chat/completions
  => alpha.invalid got POST /v1/chat/completions key=k0, answered 429
  => alpha.invalid got POST /v1/chat/completions key=k1, answered 200
  => client got 200
`))
		if err != nil {
			t.Fatal(err)
		}
		sim.Play(t, sim.Reference(), d)
	}
	_ = TestFailover
}
