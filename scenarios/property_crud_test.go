package scenarios_test

import (
	"testing"

	"github.com/gatedrill/gatedrill/sim/gen"
)

// Whatever is edited, right or wrong, each request goes by the rows of the last
// good reload, and marks stay with their keys.
func TestPropertyCRUD(t *testing.T) { holds(t, gen.CRUD()) }
