package picture_test

import (
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/scenarios"
	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/patient"
	"github.com/gatedrill/gatedrill/sim/picture"
)

var update = flag.Bool("update", false, "write the pictures of the documentation anew")

// The pictures of README.md and ARCHITECTURE.md are those of today's runs.
func TestPicturesAreCurrent(t *testing.T) {
	for _, name := range []string{"retry-after-is-true", "stale-after-rename"} {
		story, ok := scenarios.Find(name)
		require.True(t, ok, name)
		d, err := story.Drill()
		require.NoError(t, err)
		svg := picture.SVG(sim.Run(t, sim.Reference(), d, sim.Options{}))
		file := filepath.Join("../../docs/pictures", name+".svg")
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(svg), 0o644))
		}
		have, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, string(have), svg, "go test ./sim/picture -update draws it anew")
	}
}

// Whatever the library plays can be drawn: one well-formed picture, the same twice, with a
// place for everyone.
func TestEveryDrillCanBeDrawn(t *testing.T) {
	for _, story := range scenarios.All() {
		d, err := story.Drill()
		require.NoError(t, err)
		v := sim.Run(t, sim.Reference(), d, sim.Options{})
		svg := picture.SVG(v)
		assert.Equal(t, svg, picture.SVG(v), story.Name)
		assert.NotContains(t, svg, `x="-`, story.Name)
		assert.NotContains(t, svg, "✗", story.Name)
		decoder := xml.NewDecoder(strings.NewReader(svg))
		for err == nil {
			_, err = decoder.Token()
		}
		assert.Equal(t, io.EOF, err, story.Name)
		for _, step := range v.Steps {
			for _, line := range step.Got {
				if host, rest, _ := strings.Cut(line, " got "); strings.Contains(rest, " key=") {
					assert.Contains(t, svg, ">"+host+"</text>", "%s: %s", story.Name, line)
				}
			}
		}
	}
}

// What a gateway did otherwise is marked, and so is what it should have done.
func TestWhatIsWrongIsMarked(t *testing.T) {
	story, _ := scenarios.Find("stale-after-rename")
	d, err := story.Drill()
	require.NoError(t, err)
	svg := picture.SVG(sim.Run(t, patient.ConnectMitm(), d, sim.Options{}))
	for _, text := range []string{
		">failed</text>", ">✗ POST /v1/chat/completions, key k0</text>", ">✗ 200</text>", ">✗ expected: t1 got 401</text>",
		">✗ script-is-played: alpha.invalid: key none: answer &#34;401&#34; was never asked for</text>",
	} {
		assert.Contains(t, svg, text)
	}
}
