package scenarios_test

import (
	"testing"

	"github.com/gatedrill/gatedrill/sim/gen"
)

// What an exhausted pool tells a client to wait is the shortest wait, and true.
func TestPropertyRetryAfter(t *testing.T) { holds(t, gen.Waits()) }
