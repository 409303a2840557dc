package explore_test

import (
	"cmp"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/explore"
	"github.com/gatedrill/gatedrill/sim/patient"
	"github.com/gatedrill/gatedrill/sim/worker"
)

// TestMain: workers are this binary too.
func TestMain(m *testing.M) {
	if worker.Active() {
		worker.Main(func(name string) (sim.Gateway, error) {
			if name == "reference" {
				return sim.Reference(), nil
			}
			return patient.New(name)
		})
	}
	os.Exit(m.Run())
}

// inCI is what CI explores on each change.
func inCI() explore.Options { return explore.Options{Runs: explore.MarksMatter} }

// The reference gateway has every property, in runs that have been in every danger.
func TestReferenceHolds(t *testing.T) { explore.Explore(t, sim.Reference(), inCI()) }

// Who is wrong in one world of a hundred does not get past what CI runs.
func TestCanaryIsReported(t *testing.T) {
	o := inCI()
	o.Most = 1
	tally, found := explore.Search(t, patient.Canary(), o)
	require.Len(t, found, 1, "nothing was found in %d runs", tally.Runs)
	f := found[0]
	assert.True(t, f.Exact, f.String())
	assert.LessOrEqual(t, f.Steps, 8, f.Drill)
}

// A gateway as people write it at first fails at once, and in many ways.
func TestConnectMitmFailsAtOnce(t *testing.T) {
	tally, found := explore.Search(t, connectMitm(t), explore.Options{Runs: 50, Most: 8})
	properties := map[string]bool{}
	for _, f := range found {
		assert.True(t, f.Exact, f.String())
		if !f.IsDifference() {
			properties[f.Name] = true
		}
	}
	assert.GreaterOrEqual(t, len(properties), 5, "in %d runs: %v", tally.Runs, tally.Failures)
}

func connectMitm(t *testing.T) sim.Gateway {
	g, err := patient.New("connect-mitm")
	require.NoError(t, err)
	return g
}

// What is found is a drill file: read from its text and played as any other, it
// fails in the same way.
func TestFoundDrillsAreDrillFiles(t *testing.T) {
	dir := t.TempDir()
	_, found := explore.Search(t, connectMitm(t), explore.Options{Runs: 50, Most: 5})
	for _, f := range found {
		require.NoError(t, f.Write(dir))
		text, err := os.ReadFile(dir + "/" + f.File())
		require.NoError(t, err)
		d, err := drill.Parse(f.File(), text)
		require.NoError(t, err, f.Drill)
		v := sim.Run(t, connectMitm(t), d, sim.Options{Seed: f.Seed})
		assert.Equal(t, sim.Failed, v.Outcome(), f.Drill)
		if !f.IsDifference() {
			assert.Contains(t, v.Story(""), f.Name+": ", f.Drill)
		}
		assert.Contains(t, f.Drill, "--seed "+strconv.FormatUint(f.Seed, 10))
		assert.Equal(t, len(d.Steps), f.Steps)
	}
}

// Each run is the same twice, byte for byte, in processes that schedule goroutines
// and collect garbage differently, one of which plays them one by one and makes no keys
// against computers to come.
func TestExplorationIsDeterministic(t *testing.T) {
	runs, err := strconv.Atoi(cmp.Or(os.Getenv("GATEDRILL_EXPLORED"), "24"))
	require.NoError(t, err)
	results := func(p worker.Pool) []string {
		var all []string
		err := p.Explore(t.Context(), "reference", 7, 0, func(r explore.Result) bool {
			all = append(all, strconv.Itoa(r.Job.Run)+" "+r.Hash+" "+r.Broken+" "+strings.Join(r.Features, ";"))
			return len(all) < runs
		})
		require.NoError(t, err)
		return all
	}
	one := results(worker.Pool{})
	two := results(worker.Pool{Workers: 1, Env: []string{"GOMAXPROCS=1", "GOGC=5", "GODEBUG=tlsmlkem=0"}})
	for i := range one {
		require.Equal(t, one[i], two[i], "run %d of seed 7", i)
	}
}
