package drill_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/sim/drill"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// The answers are left out: they are another package's words, which may grow without a change here.
func TestHelpIsTheGoldenText(t *testing.T) {
	const golden = "testdata/help.golden"
	got, _, found := strings.Cut(drill.Help(), "\nAnswers that an upstream can give\n")
	require.True(t, found)
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "read the difference, then run the test with -update")
}

func TestHelpHasEverything(t *testing.T) {
	help := drill.Help()
	for _, v := range drill.Verbs() {
		for _, usage := range v.Usage {
			require.True(t, strings.HasPrefix(usage, v.Name), usage)
			require.Contains(t, help, "\n"+usage+"\n")
		}
		for _, o := range v.Options {
			require.Contains(t, help, "\n    "+o.Text+"\n        "+strings.Fields(o.Doc)[0])
		}
	}
	for _, f := range fakeupstream.Forms() {
		require.Contains(t, help, "\n    "+f.Text+"\n        "+strings.Fields(f.Doc)[0])
		require.Contains(t, help, "\n            "+f.Example+"\n")
	}
	for i, line := range strings.Split(help, "\n") {
		require.Equal(t, strings.TrimRight(line, " "), line, "line %d", i+1)
	}
}

// An example that does not parse would be worse than none. It stands in the help as Drill.String writes it.
func TestExamplesOfVerbsAreDrills(t *testing.T) {
	for _, v := range drill.Verbs() {
		d, err := drill.Parse(v.Name, []byte(v.Example))
		require.NoError(t, err, v.Example)
		require.Equal(t, v.Example+"\n", d.String())
		require.Contains(t, v.Example, v.Name)
	}
}
