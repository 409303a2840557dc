package drill_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/drill"
)

type mistakeCase struct {
	name string
	text string
	want []string // "line:column: message"
}

func mistakeCases() []mistakeCase {
	var all []mistakeCase
	for _, cases := range [][]mistakeCase{layoutMistakes(), wordMistakes(), setupMistakes(), actMistakes(), scopeMistakes(), startedMistakes(), healMistakes(), fileMistakes(), networkMistakes()} {
		all = append(all, cases...)
	}
	return all
}

func TestMistakes(t *testing.T) {
	for _, c := range mistakeCases() {
		t.Run(c.name, func(t *testing.T) {
			d, err := drill.Parse("dir/x.drill", []byte(c.text))
			require.Error(t, err)
			require.Nil(t, d)
			var got []string
			var mistakes drill.Mistakes
			require.True(t, errors.As(err, &mistakes))
			for _, m := range mistakes {
				got = append(got, strings.TrimPrefix(m.Error(), "dir/x.drill:"))
			}
			require.Equal(t, strings.Join(c.want, "\n"), strings.Join(got, "\n"), "%s", c.text)
			require.Equal(t, "dir/x.drill:"+strings.Join(c.want, "\ndir/x.drill:"), err.Error())
			var first drill.Mistake
			require.True(t, errors.As(err, &first))
			require.Equal(t, mistakes[0], first)
		})
	}
}
