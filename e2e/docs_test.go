package e2e

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheProvidersAPIDocument: the configuration and the commands of docs/providers-api.md, from top to bottom as they
// stand there, all succeed.
func TestTheProvidersAPIDocument(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl on this machine")
	}
	page, err := os.ReadFile("../docs/providers-api.md")
	require.NoError(t, err)
	env := []string{"GATEDRILL_ADMIN_TOKEN=admin-token-of-the-document", "GATEDRILL_SEAL=" + strings.Repeat("0123456789abcdef", 4)}
	g := serveWith(t, token, fenced(t, string(page), "yaml"), env...)
	const own = "http://127.0.0.1:9090"
	commands := fenced(t, string(page), "sh")
	require.Contains(t, commands, own)
	shell := exec.CommandContext(t.Context(), "sh", "-ec",
		"curl() { command curl -sS --fail-with-body --max-time 60 \"$@\"; }\n"+strings.ReplaceAll(commands, own, "http://"+g.admin))
	shell.Env = append(env, "PATH="+os.Getenv("PATH"))
	out, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, want := range []string{`"name": "alpha"`, `"name": "beta"`, `"hint": "#3"`, `"disabled": true`} {
		assert.Contains(t, string(out), want)
	}
	list, err := exec.Command("curl", "-sS", "-H", "Authorization: Bearer admin-token-of-the-document", "http://"+g.admin+"/providers").Output()
	require.NoError(t, err)
	assert.NotContains(t, string(list), "beta", "the last command deletes it")
}

// fenced is the first block of code of a language.
func fenced(t *testing.T, page, language string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, "\n```"+language+"\n")
	require.True(t, ok, language)
	text, _, ok := strings.Cut(rest, "\n```\n")
	require.True(t, ok, language)
	return text + "\n"
}
