package daemon_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/cmd/internal/config"
)

const examples = "../../../examples/serve"

// The example is what its README says: the lines are taken from there, and only the ports
// are others.
func TestTheExampleWorks(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl on this machine")
	}
	up, srv := upstream(t, false, map[string]string{"k0": "sk-k0", "k1": "sk-k1", "k2": "sk-k2"}, rulesOf(t, "upstream.script")...)
	_, port, err := net.SplitHostPort(srv.Listener.Addr().String())
	require.NoError(t, err)
	text := strings.ReplaceAll(read(t, "gatedrill.yaml"), "9101", port)
	_, rest, _ := strings.Cut(text, "\nca:")
	p := begin(t, "ca:"+rest, nil)

	lines := curlLines(read(t, "README.md"))
	require.Len(t, lines, 6)
	ports := strings.NewReplacer("127.0.0.1:8080", p.on.Proxy, "127.0.0.1:8081", p.on.BaseURL, "127.0.0.1:9090", p.on.Admin, ":9101", ":"+port)
	var out []string
	for _, line := range lines {
		got, err := exec.Command("sh", "-c", "exec "+ports.Replace(line)).CombinedOutput()
		require.NoError(t, err, "%s\n%s", line, got)
		out = append(out, string(got))
	}
	for i := range 3 {
		assert.Contains(t, out[i], "HTTP/1.1 200 OK", lines[i])
		assert.Contains(t, out[i], "X-Gatedrill-Credential: central", lines[i])
	}
	assert.Contains(t, out[3], `"state": "cooling"`)
	assert.Contains(t, out[4], `"changed": true`)
	assert.Contains(t, out[5], "gatedrill_key_failovers_total")
	assert.Empty(t, up.Faults())
}

// What stands in the examples has no mistakes as it is.
func TestTheExampleHasNoMistakes(t *testing.T) {
	l, err := config.Load(filepath.Join(examples, "gatedrill.yaml"), config.Options{})
	require.NoError(t, err)
	assert.Empty(t, l.Rows)
	first, _, _ := strings.Cut(read(t, "gatedrill.yaml"), "\n")
	schema, ok := strings.CutPrefix(first, "# yaml-language-server: $schema=")
	require.True(t, ok, first)
	assert.FileExists(t, filepath.Join(examples, schema))
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(examples, name))
	require.NoError(t, err)
	return string(text)
}

func rulesOf(t *testing.T, name string) (rules []string) {
	for line := range strings.Lines(read(t, name)) {
		if rule := strings.TrimSpace(line); strings.HasPrefix(rule, "key ") {
			rules = append(rules, rule)
		}
	}
	return rules
}

// curlLines are the curl commands of a text, without the lines' breaks.
func curlLines(text string) (lines []string) {
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", "")) {
		if strings.HasPrefix(line, "curl ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}
