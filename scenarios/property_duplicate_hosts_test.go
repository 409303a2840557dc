package scenarios_test

import (
	"testing"

	"github.com/gatedrill/gatedrill/sim/gen"
)

// Of the rows that claim a host, the first enabled one has it, whoever else is
// right or wrong.
func TestPropertyDuplicateHosts(t *testing.T) { holds(t, gen.DuplicateHosts()) }
