package scenarios_test

import (
	"testing"

	"github.com/gatedrill/gatedrill/sim/gen"
)

// A tunnel is bridged for as long as its host belongs to the provider that it was
// opened for, and never takes a key along when it does not.
func TestPropertyStaleTunnels(t *testing.T) { holds(t, gen.StaleTunnels()) }
