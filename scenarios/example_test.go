package scenarios_test

import (
	"fmt"

	"github.com/gatedrill/gatedrill/scenarios"
)

func ExampleFind() {
	s, _ := scenarios.Find("retry-after-is-true")
	d, err := s.Drill()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.About())
	fmt.Println(len(d.Steps), "steps")
	// Output:
	// Three keys, all rate limited: the client is told the shortest wait, and that wait is true.
	// 8 steps
}
