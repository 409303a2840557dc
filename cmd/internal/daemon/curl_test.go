package daemon_test

import (
	"bytes"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// curl runs the real one, and returns what it printed, headers included.
func curl(t *testing.T, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("there is no curl on this machine")
	}
	cmd := exec.Command(path, append([]string{"-sS", "-i", "--max-time", "20", "--noproxy", ""}, args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run() // the output tells
	return out.String()
}

// The three ways in which clients come, with a real client: CONNECT to the proxy, with
// and without TLS to the proxy itself, and a base URL. The first key is limited.
func TestCurl(t *testing.T) {
	up, srv := upstream(t, true, map[string]string{"k0": "key-zero", "k1": "key-one"}, "key k0: 429 retry-after=60", "key k1: 200")
	u, err := url.Parse(srv.URL)
	require.NoError(t, err)
	p := begin(t, `
tokens: [`+someToken+`]
ports: [`+u.Port()+`]
tunnel: deny
upstream_ca_file: `+certFile(t, srv)+`
providers:
  - {name: alpha, type: openai, base_url: '`+srv.URL+`', keys: [key-zero, key-one]}
`, nil)
	target := srv.URL + "/v1/models"

	got := curl(t, "-x", "http://me:"+someToken+"@"+p.on.Proxy, "--cacert", p.ca, target)
	assert.Contains(t, got, "HTTP/1.1 200 OK\r\n", "%s", p.log)
	assert.Contains(t, got, `"object"`)
	assert.Contains(t, got, "X-Gatedrill-Credential: central")

	got = curl(t, "-x", "https://me:"+someToken+"@"+strings.Replace(p.on.ProxyTLS, "127.0.0.1", "localhost", 1),
		"--proxy-cacert", p.ca, "--cacert", p.ca, target)
	assert.Contains(t, got, "X-Gatedrill-Credential: central", "%s", p.log)

	got = curl(t, "-H", "Authorization: Bearer "+someToken, "http://"+p.on.BaseURL+"/api/v2/aibridge/alpha/v1/models")
	assert.Contains(t, got, "X-Gatedrill-Credential: central", "%s", p.log)

	got = curl(t, "-x", "http://me:wrong@"+p.on.Proxy, "--cacert", p.ca, target)
	assert.Contains(t, got, "HTTP/1.1 407 Proxy Authentication Required")
	got = curl(t, "-x", "http://me:"+someToken+"@"+p.on.Proxy, "--cacert", p.ca, "https://other.invalid:"+u.Port()+"/")
	assert.Contains(t, got, "HTTP/1.1 403 Forbidden")
	got = curl(t, "http://"+p.on.BaseURL+"/api/v2/aibridge/alpha/v1/models")
	assert.Contains(t, got, "HTTP/1.1 401 Unauthorized")

	var keys []string
	for _, r := range up.Requests() {
		keys = append(keys, r.Key)
	}
	assert.Equal(t, []string{"k0", "k1", "k1", "k1"}, keys, "a failover, and then the key that works")
	got = curl(t, "http://"+p.on.Admin+"/ca-cert.pem")
	assert.Contains(t, got, "BEGIN CERTIFICATE")
}
