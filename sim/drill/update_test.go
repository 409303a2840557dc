package drill_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/drill"
)

func TestUpdateKeepsEveryOtherByte(t *testing.T) {
	for _, c := range []struct {
		name, text string
		wants      [][]string
		want       string
	}{
		{
			"a person's columns, tabs and quotes",
			"\n# prose  \nprovider  alpha   openai \"https://alpha.invalid\"\t\nreload\n\t=>   old\n\n\n# more\nadvance 90s\n",
			[][]string{nil, {"alpha enabled"}, nil},
			"\n# prose  \nprovider  alpha   openai \"https://alpha.invalid\"\t\nreload\n\t=> alpha enabled\n\n\n# more\nadvance 90s\n",
		},
		{
			"steps without observations stay without",
			"reload\nadvance 1s\n",
			[][]string{{}, nil},
			"reload\nadvance 1s\n",
		},
		{
			"a first observation comes below the block and its comments",
			"upstream alpha.invalid\n    key none: 200\n    # why\n\nreload\n",
			[][]string{{"one", "two"}, {"three"}},
			"upstream alpha.invalid\n    key none: 200\n    # why\n    => one\n    => two\n\nreload\n  => three\n",
		},
		{
			"comments between observations stay where they are",
			"reload\n  # a\n  => one\n  # b\n  => two\n  # c\n",
			[][]string{{"1", "2", "3"}},
			"reload\n  # a\n  => 1\n  # b\n  => 2\n  => 3\n  # c\n",
		},
		{
			"fewer observations",
			"reload\n  # a\n  => one\n  # b\n  => two\n  # c\n",
			[][]string{{"1"}},
			"reload\n  # a\n  => 1\n  # b\n  # c\n",
		},
		{
			"blank lines between observations that go are the next step's",
			"reload\n  => one\n\n  => two\nadvance 1s\n",
			[][]string{{"1"}, nil},
			"reload\n  => 1\n\nadvance 1s\n",
		},
		{
			"blank lines between observations that go are the end's",
			"reload\n  => one\n\n\n  => two\n",
			[][]string{{"1"}},
			"reload\n  => 1\n\n\n",
		},
		{
			"no observation any more",
			"reload\n  => one\n  => two\nreload\n  => nothing\n",
			[][]string{{}, {}},
			"reload\n  => nothing\nreload\n  => nothing\n",
		},
		{
			"an observation at last",
			"reload\n  => nothing\n",
			[][]string{{"one"}},
			"reload\n  => one\n",
		},
		{
			"the file's last line has no end",
			"reload\n  => one",
			[][]string{{"one", "two"}},
			"reload\n  => one\n  => two\n",
		},
		{
			"nothing changes without an end either",
			"reload\n  => one",
			[][]string{{"one"}},
			"reload\n  => one",
		},
		{
			"a step is the file's last line",
			"reload",
			[][]string{{"one"}},
			"reload\n  => one\n",
		},
		{
			"carriage returns",
			"\ufeffreload\r\n  => one\r\n  => two\r\nadvance 1s\r\n",
			[][]string{{"one", "2"}, {"three"}},
			"\ufeffreload\r\n  => one\r\n  => 2\r\nadvance 1s\r\n  => three\r\n",
		},
		{
			"files stay as they are",
			"request POST https://alpha.invalid/ body=@a\n-- a base64 --\neA==\n",
			[][]string{{"client got 200"}},
			"request POST https://alpha.invalid/ body=@a\n  => client got 200\n-- a base64 --\neA==\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := drill.Update("x.drill", []byte(c.text), c.wants)
			require.NoError(t, err)
			require.Equal(t, c.want, string(got))

			d, err := drill.Parse("x.drill", []byte(c.text))
			require.NoError(t, err)
			want, err := d.WithWant(c.wants)
			require.NoError(t, err)
			read, err := drill.Parse("x.drill", got)
			require.NoError(t, err)
			require.True(t, read.Equal(want), "%s\n\nis not\n\n%s", read, want)
		})
	}
}

func TestUpdateRefuses(t *testing.T) {
	d, err := drill.Parse("x", []byte("reload\n"))
	require.NoError(t, err)
	for _, c := range []struct {
		wants [][]string
		want  error
		text  string
	}{
		{nil, drill.ErrSteps, "0 for 1 steps"},
		{[][]string{{}, {}}, drill.ErrSteps, "2 for 1 steps"},
		{[][]string{{"fine", ""}}, drill.ErrObservation, `"" of step 1`},
		{[][]string{{"nothing"}}, drill.ErrObservation, `"nothing" of step 1`},
		{[][]string{{"two\nlines"}}, drill.ErrObservation, `"two\nlines" of step 1`},
		{[][]string{{" space"}}, drill.ErrObservation, `" space" of step 1`},
		{[][]string{{"space\t"}}, drill.ErrObservation, `"space\t" of step 1`},
		{[][]string{{"\xff"}}, drill.ErrObservation, `"\xff" of step 1`},
	} {
		_, err := drill.Update("x", []byte("reload\n"), c.wants)
		require.ErrorIs(t, err, c.want)
		require.ErrorContains(t, err, c.text)
		_, err = d.WithWant(c.wants)
		require.ErrorIs(t, err, c.want)
	}
	_, err = drill.Update("x", []byte("relaod\n"), [][]string{nil})
	require.EqualError(t, err, `x:1:1: unknown verb "relaod": did you mean "reload"?`)
}

func TestWithWantLeavesTheDrillAlone(t *testing.T) {
	const text = "reload\n  => a\n  # b\n  => c\n\n  # d\nreload\n"
	d, err := drill.Parse("x", []byte(text))
	require.NoError(t, err)
	for _, wants := range [][][]string{{{"1"}, {"2"}}, {{}, {}}, {{"1", "2", "3"}, nil}} {
		_, err = d.WithWant(wants)
		require.NoError(t, err)
		require.Equal(t, text, d.String())
	}
}
