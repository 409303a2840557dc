package config_test

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/cmd/internal/config"
)

var update = flag.Bool("update", false, "rewrite the published schema")

const published = "../../../docs/gatedrill.schema.json"

// The schema that editors read is the one that files are checked with.
func TestThePublishedSchemaIsCurrent(t *testing.T) {
	if *update {
		require.NoError(t, os.WriteFile(published, config.Schema(), 0o644))
	}
	text, err := os.ReadFile(published)
	require.NoError(t, err)
	require.Equal(t, string(config.Schema()), string(text), "go test ./cmd/internal/config -update writes it")
}
