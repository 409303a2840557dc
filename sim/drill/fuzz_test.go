package drill_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/sim/drill"
)

// FuzzParse holds Parse to three things on any bytes: it never panics; what it refuses it refuses with mistakes that
// have a place in the file; what it accepts, it accepts again once printed, as an equal drill.
func FuzzParse(f *testing.F) {
	f.Add([]byte(staleTunnel))
	f.Add([]byte(shortestWait))
	for _, c := range mistakeCases() {
		f.Add([]byte(c.text))
	}
	for _, v := range drill.Verbs() {
		f.Add([]byte(v.Example))
	}
	for i := range 20 {
		f.Add([]byte(rapid.Custom(drillOf).Example(i).String()))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		d, err := drill.Parse("fuzz.drill", src)
		if err != nil {
			require.Nil(t, d)
			requirePlaced(t, src, err)
			return
		}
		text := d.String()
		again, err := drill.Parse("fuzz.drill", []byte(text))
		require.NoError(t, err, text)
		require.True(t, again.Equal(d), text)
		require.Equal(t, text, again.String())

		same, err := drill.Update("fuzz.drill", src, make([][]string, len(d.Steps)))
		require.NoError(t, err)
		require.Equal(t, string(src), string(same), "an update without observations changes nothing")
	})
}

func requirePlaced(t *testing.T, src []byte, err error) {
	var mistakes drill.Mistakes
	require.True(t, errors.As(err, &mistakes), "%v", err)
	require.NotEmpty(t, mistakes)
	lines := 1
	for _, b := range src {
		if b == '\n' {
			lines++
		}
	}
	last := drill.Pos{}
	for _, m := range mistakes {
		require.Equal(t, "fuzz.drill", m.Pos.File)
		require.NotEmpty(t, m.Msg)
		require.LessOrEqual(t, m.Pos.Line, lines)
		require.GreaterOrEqual(t, m.Pos.Line, 1)
		require.GreaterOrEqual(t, m.Pos.Column, 1)
		require.GreaterOrEqual(t, m.Pos.Line, last.Line, "in the order of the text")
		last = m.Pos
	}
}
