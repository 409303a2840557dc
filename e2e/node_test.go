package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// nodeScript is what each SDK of node/clients.mjs meets, in order.
const nodeScript = `
key k0: 429 retry-after=600
key k1: 200 text="one two", then 200 text="three four", then 200 tools=get_weather times=2, then 429 retry-after=1, then 200 text="at last", then 429 retry-after=600
`

// TestNodeClients: the vendors' Node SDKs through the gateway, by HTTPS_PROXY and by base URL. It wants Node.js and
// what `npm ci` installs in node/; `make clients` sees to that.
func TestNodeClients(t *testing.T) {
	if os.Getenv("GATEDRILL_CLIENTS") == "" {
		t.Skip("make clients runs this")
	}
	ca, err := fakeupstream.NewCA()
	require.NoError(t, err)
	trust := filepath.Join(t.TempDir(), "upstream.pem")
	require.NoError(t, os.WriteFile(trust, ca.PEM(), 0o600))
	for _, way := range []string{"proxy", "base url"} {
		t.Run(way, func(t *testing.T) {
			alpha := fakeupstream.ServerConfig{TLS: fakeupstream.ServeHTTPS, CA: ca}.Start(t, nodeScript)
			beta := fakeupstream.ServerConfig{TLS: fakeupstream.ServeHTTPS, CA: ca}.Start(t, nodeScript)
			openaiURL, anthropicURL := alpha.URL, strings.Replace(beta.URL, "127.0.0.1", "localhost", 1)
			g := serve(t, fmt.Sprintf(`
ports: [%s, %s]
upstream_ca_file: %s
providers:
  - {name: alpha, type: openai, base_url: '%s', keys: [sk-k0, sk-k1]}
  - {name: beta, type: anthropic, base_url: '%s', keys: [sk-k0, sk-k1]}
`, port(openaiURL), port(anthropicURL), trust, openaiURL, anthropicURL))
			env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + scratch, "NO_PROXY="}
			if way == "proxy" {
				env = append(env, "HTTPS_PROXY=http://me:"+token+"@"+g.proxy, "NODE_EXTRA_CA_CERTS="+g.ca)
			} else {
				openaiURL, anthropicURL = g.base+"/alpha", g.base+"/beta"
			}
			got := node(t, env, openaiURL, anthropicURL)
			for _, sdk := range []string{"openai", "anthropic"} {
				require.Len(t, got[sdk], 6)
				for i, want := range []string{"one two", "three four", "", "", "at last", ""} {
					assert.Equal(t, want, got[sdk][i].Text, "%s, request %d: %+v", sdk, i, got[sdk][i])
				}
				for i := range 5 {
					assert.Equal(t, "central", got[sdk][i].Credential, "%s, request %d", sdk, i)
				}
				for i := 2; i < 4; i++ {
					require.Len(t, got[sdk][i].Tools, 1)
					assert.Equal(t, "get_weather", got[sdk][i].Tools[0][0])
				}
				assert.EqualValues(t, 429, got[sdk][5].Error)
				assert.NotEmpty(t, got[sdk][5].RetryAfter)
			}
			for _, up := range []*fakeupstream.Server{alpha, beta} {
				up.AssertKeys("k0", "k1", "k1", "k1", "k1", "k1", "k1", "k1")
				up.AssertRested()
			}
		})
	}
}

// nodeLine is what an SDK got for a request.
type nodeLine struct {
	SDK, Text, Credential, RetryAfter string
	Stream                            bool
	Tools                             [][]any
	Error                             any
}

// node runs the script.
func node(t *testing.T, env []string, openaiURL, anthropicURL string) map[string][]nodeLine {
	t.Helper()
	todo, err := json.Marshal(map[string]string{"openai": openaiURL, "anthropic": anthropicURL, "key": token})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "clients.mjs", string(todo))
	cmd.Dir, cmd.Env = "node", env
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	require.NoError(t, cmd.Run(), "%s", &complaints)
	got := map[string][]nodeLine{}
	for lines := json.NewDecoder(&out); lines.More(); {
		var line nodeLine
		require.NoError(t, lines.Decode(&line))
		got[line.SDK] = append(got[line.SDK], line)
	}
	return got
}

// port is a URL's.
func port(url string) string { return url[strings.LastIndex(url, ":")+1:] }
