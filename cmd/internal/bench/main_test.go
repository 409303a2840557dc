package bench_test

import (
	"os"
	"testing"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/worker"
)

// TestMain lets this test binary be a worker of Sim.
func TestMain(m *testing.M) {
	if worker.Active() {
		worker.Main(func(string) (sim.Gateway, error) { return sim.Reference(), nil })
	}
	os.Exit(m.Run())
}
