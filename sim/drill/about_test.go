package drill_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/drill"
)

func TestAbout(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"one sentence of two", "# Providers are renamed,\n# and tunnels end. Then more.\nreload\n", "Providers are renamed, and tunnels end."},
		{"no full stop", "# A title\n\n# Not this.\nreload\n", "A title"},
		{"no prose", "reload\n", ""},
		{"prose further down", "\n# Setup.\nreload\n", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d, err := drill.Parse("x.drill", []byte(test.text))
			require.NoError(t, err)
			assert.Equal(t, test.want, d.About())
		})
	}
}
