package recording_test

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy/record"
	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/minimise"
	"github.com/gatedrill/gatedrill/sim/recording"
)

var update = flag.Bool("update", false, "write examples/incident anew")

const example = "../../examples/incident/"

// The example's recording is what the gateway records of its demand, it plays again, and the
// files beside it say what comes of it.
func TestTheExample(t *testing.T) {
	demand, err := os.ReadFile(example + "demand.drill")
	require.NoError(t, err)
	if *update {
		_, text := recordedText(t, string(demand), 1)
		require.NoError(t, os.WriteFile(example+"incident.ndjson", []byte(text), 0o644))
	}
	rec, err := record.ReadPath(example + "incident.ndjson")
	require.NoError(t, err)
	s, err := recording.Convert("incident", rec.Runs[0], recording.Options{})
	require.NoError(t, err)
	v := replayed(t, s, 7)
	if d := s.Compare(v); d != nil {
		t.Fatal(d)
	}
	golden(t, example+"incident.drill", s.Text)
	golden(t, example+"refused.drill", refused(t, s))
	tables := ""
	for _, text := range []string{"keys.alpha+=1", "strategy=round-robin", "policy=strict"} {
		change, err := recording.ParseSet(text)
		require.NoError(t, err)
		other, err := recording.Convert("incident", rec.Runs[0], recording.Options{Set: []recording.Change{change}})
		require.NoError(t, err)
		tables += recording.Table("recorded", text, other.Recorded(), other.Replayed(replayed(t, other, 7))) + "\n"
	}
	golden(t, example+"tables.txt", tables)
}

// refused is what is left of the incident when it still has to show its first refusal.
func refused(t *testing.T, s *recording.Story) string {
	t.Helper()
	d, err := drill.Parse("incident.drill", []byte(s.Text))
	require.NoError(t, err)
	f, err := minimise.Parse("client got 429")
	require.NoError(t, err)
	small, err := minimise.Minimise(minimise.Config{Drill: d, Seed: 1, Finding: f, From: "incident.ndjson",
		Replay: "gatedrill replay refused.drill --seed %d", Play: func(d *drill.Drill, seed uint64) (*sim.Verdict, error) {
			return sim.Run(t, sim.Reference(), d, sim.Options{Seed: seed}), nil
		}})
	require.NoError(t, err)
	assert.True(t, small.Exact)
	return small.Text
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, path)
}
