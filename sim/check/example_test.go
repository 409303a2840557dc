package check_test

import (
	"fmt"

	"github.com/gatedrill/gatedrill/sim/check"
)

func ExampleAll() {
	run := &check.Run{Intent: check.Strict(), Open: []string{"gateway>alpha.invalid#1"}}
	for _, c := range check.All() {
		for _, f := range c.Find(run) {
			fmt.Printf("%s: %s\n", f.Check, f.Text)
		}
	}
	// Output:
	// nothing-leaks: connection gateway>alpha.invalid#1 is still open after Stop
}
