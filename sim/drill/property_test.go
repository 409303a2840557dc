package drill_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/sim/drill"
)

func TestParseReadsWhatStringWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drillOf(t)
		text := d.String()
		again, err := drill.Parse("dir/generated.drill", []byte(text))
		require.NoError(t, err, text)
		require.Equal(t, text, again.String())
		require.True(t, again.Equal(d), text)
		for i := range again.Steps {
			again.Steps[i].Pos = drill.Pos{}
		}
		require.Equal(t, d, again, text)
	})
}

func TestUpdateAndWithWantSayTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drillOf(t)
		want := rapid.OneOf(
			rapid.Just[[]string](nil),
			rapid.Just([]string{}),
			rapid.SliceOfN(rapid.SampledFrom([]string{"t1 got 200", "# no comment", "=> twice", "client got 429 retry-after=3"}), 1, 5),
		)
		wants := rapid.SliceOfN(want, len(d.Steps), len(d.Steps)).Draw(t, "wants")

		text, err := drill.Update("generated.drill", []byte(d.String()), wants)
		require.NoError(t, err)
		updated, err := d.WithWant(wants)
		require.NoError(t, err)
		require.Equal(t, updated.String(), string(text))
		read, err := drill.Parse("generated.drill", text)
		require.NoError(t, err)
		require.True(t, read.Equal(updated), string(text))

		again, err := drill.Update("generated.drill", text, wants)
		require.NoError(t, err)
		require.Equal(t, string(text), string(again), "an update with the same observations changes nothing")
	})
}

// Most random bytes are no drill at all; a drill with a few of them changed nearly is one, and comes to the corners
// where reading and writing could disagree.
func TestDamagedTextIsReadAgainOrRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drillOf(t).String()
		for range rapid.IntRange(1, 3).Draw(t, "damages") {
			at := rapid.IntRange(0, len(text)).Draw(t, "at")
			to := min(len(text), at+rapid.IntRange(0, 3).Draw(t, "cut"))
			with := rapid.SampledFrom([]string{"", " ", "\n", "\n\n", "\n  ", "#", "\n  #", "\"", "`", "\\", "=", "=>", "\n=>", "\r\n", "\t", "@", "-- a --\n", "#2", "x", "é", "\xff"}).Draw(t, "with")
			text = text[:at] + with + text[to:]
		}
		d, err := drill.Parse("damaged.drill", []byte(text))
		if err != nil {
			return
		}
		again, err := drill.Parse("damaged.drill", []byte(d.String()))
		require.NoError(t, err, text)
		require.True(t, again.Equal(d), "%s\n\nprints as\n\n%s", text, d)

		wants := make([][]string, len(d.Steps))
		wants[rapid.IntRange(0, len(wants)-1).Draw(t, "step")] = []string{"one", "two"}
		updated, err := drill.Update("damaged.drill", []byte(text), wants)
		require.NoError(t, err, text)
		want, err := d.WithWant(wants)
		require.NoError(t, err)
		read, err := drill.Parse("damaged.drill", updated)
		require.NoError(t, err, string(updated))
		require.True(t, read.Equal(want), "%s\n\nis updated to\n\n%s", text, updated)
	})
}
