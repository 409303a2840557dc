package recording_test

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy/record"
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

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, path)
}
