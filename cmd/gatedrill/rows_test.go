package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const rowsDoc = "../../docs/rows.md"

// docs/rows.md is what the drills say today.
func TestRowsDocumentIsCurrent(t *testing.T) {
	table, err := rowsTable(&app{Context: t.Context(), stdout: io.Discard, stderr: io.Discard})
	require.NoError(t, err)
	text, err := os.ReadFile(rowsDoc)
	require.NoError(t, err)
	want, err := between(string(text), table)
	require.NoError(t, err)
	assert.Equal(t, want, string(text), "run: go run ./cmd/gatedrill rows --write docs/rows.md")
	rows := strings.Split(strings.TrimSpace(table), "\n")[2:]
	assert.Len(t, rows, 31)
	for _, line := range rows {
		cells := strings.Split(line, " | ")
		require.Len(t, cells, 6, line)
		assert.NotContains(t, cells[4], "fails", "the reference gateway holds every row")
	}
}

func TestBetweenWantsItsMarkers(t *testing.T) {
	_, err := between("no table here", "x\n")
	assert.ErrorContains(t, err, "rows: begin")
}
