package fakeupstream_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

var update = flag.Bool("update", false, "rewrite the table of docs/fakeupstream.md")

const (
	docPath  = "../docs/fakeupstream.md"
	docBegin = "<!-- scriptable: go test ./fakeupstream -run Scriptable -update -->\n"
	docEnd   = "<!-- end -->\n"
)

// Every form of the rule language has a row in the document: the line that does it, and what a client on loopback
// sees of it, which is observed here. A row that is not true is a difference.
func TestScriptable(t *testing.T) {
	var b strings.Builder
	b.WriteString("\n| what | a line that does it | what a client sees |\n|---|---|---|\n")
	for _, f := range fakeupstream.Forms() {
		seen := playExample(t, f)
		assert.NotEmpty(t, seen, f.Example)
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", cell(f.Text), cell(f.Example), cell(seen))
	}
	b.WriteString("\n")
	doc, err := os.ReadFile(docPath)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(doc), docBegin)
	require.True(t, ok, "%s has no %q", docPath, docBegin)
	table, after, ok := strings.Cut(rest, docEnd)
	require.True(t, ok, "%s has no %q", docPath, docEnd)
	if *update {
		require.NoError(t, os.WriteFile(docPath, []byte(before+docBegin+b.String()+docEnd+after), 0o644))
		return
	}
	assert.Equal(t, table, b.String(), "go test ./fakeupstream -run Scriptable -update, and read the diff")
}

// A plain answer must not look like any of the words that do something to it.
func TestScriptableRowsDiffer(t *testing.T) {
	plain := playExample(t, fakeupstream.Form{Example: "key k0: 200"})
	for _, f := range fakeupstream.Forms() {
		if f.Text == "STATUS" || strings.HasPrefix(f.Text, "key NAME") {
			continue
		}
		assert.NotEqual(t, plain, playExample(t, f), f.Example)
	}
}

// The document shows code that compiles: what stands in it stands in the test that is named above it.
func TestDocumentShowsTheTests(t *testing.T) {
	doc, err := os.ReadFile(docPath)
	require.NoError(t, err)
	parts := strings.Split(string(doc), "<!-- from ")[1:]
	require.NotEmpty(t, parts)
	for _, part := range parts {
		path, rest, ok := strings.Cut(part, " -->\n```go\n")
		require.True(t, ok, part)
		code, _, _ := strings.Cut(rest, "```\n")
		source, err := os.ReadFile("../" + path)
		require.NoError(t, err)
		assert.Contains(t, string(source), code, "the code in %s that %s is to have", docPath, path)
	}
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
