package main

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/check"
)

func TestChecksDocumentIsCurrent(t *testing.T) {
	text, err := os.ReadFile("../../docs/checks.md")
	require.NoError(t, err)
	assert.Equal(t, checksDocument(), string(text), "run: go run ./cmd/gatedrill checks --write docs/checks.md")
}

func TestChecksAsJSON(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, (&checksCmd{JSON: true}).Run(&app{stdout: &out}))
	var list []checkRecord
	require.NoError(t, json.Unmarshal(out.Bytes(), &list))
	require.Len(t, list, len(check.All())+len(check.OfTheEngine()))
	for i, k := range check.All() {
		assert.Equal(t, k.Name, list[i].Name)
		assert.NotNil(t, list[i].Bugs, k.Name)
	}
}
