package patient_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/patient"
	"github.com/gatedrill/gatedrill/sim/worker"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestMain lets this test binary be its own worker.
func TestMain(m *testing.M) {
	if worker.Active() {
		worker.Main(newGateway)
	}
	os.Exit(m.Run())
}

func newGateway(name string) (sim.Gateway, error) {
	if name == "reference" {
		return sim.Reference(), nil
	}
	return patient.New(name)
}

// play has workers play jobs, so that what a patient does to its process is one
// drill's finding.
func play(t *testing.T, jobs ...worker.Job) []*sim.Verdict {
	t.Helper()
	verdicts := make([]*sim.Verdict, len(jobs))
	require.NoError(t, worker.Pool{}.Play(context.Background(), jobs, func(i int, v *sim.Verdict) { verdicts[i] = v }))
	return verdicts
}

func TestNew(t *testing.T) {
	for _, name := range patient.Names() {
		g, err := patient.New(name)
		require.NoError(t, err, name)
		assert.NotNil(t, g, name)
	}
	_, err := patient.New("nobody")
	assert.ErrorIs(t, err, patient.ErrUnknown)
	for _, name := range append(patient.Names(), `"nobody"`) {
		assert.ErrorContains(t, err, name)
	}
}

func ExampleNew() {
	fmt.Println(patient.Names())
	_, err := patient.New("perfect")
	fmt.Println(err)
	// Output:
	// [connect-mitm lock-across-io canary]
	// patient: no such gateway: "perfect"; there are connect-mitm, lock-across-io, canary
}
