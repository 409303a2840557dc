package daemon_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// canaries are secrets that stand nowhere else.
var canaries = map[string]string{
	"inline key": "sk-canary-inline-7d1f0a92c4b8", "second key": "sk-canary-second-51c09be7aa20",
	"key of env": "sk-canary-ofenv-9e02d7c81f33", "key of file": "sk-canary-offile-c3a86b0de944",
	"key of a dead upstream": "sk-canary-dead-1b7f62d05e55", "key of a bad row": "sk-canary-badrow-8f40c2e9b766",
	"misplaced key": "sk-canary-misplaced-20d9e4f1c877", "gateway token": "tk-canary-gateway-6a15f8d3b988",
	"admin token": "tk-canary-admin-e7b04c92d099", "proxy password": "pw-canary-proxy-b94d1e60fa00",
	"password in a base URL": "pw-canary-base-3c8a7f52e111",
}

// A run that provokes every error path, at debug level: no key, no token and no password
// is in the log, the metrics, the pages, or anything that clients were sent.
func TestNoSecretLeaves(t *testing.T) {
	up, srv := upstream(t, true, nil, "key any: 429 retry-after=1, then 401, then 429 times=3, then 500, then 200 reset after=byte:5, then 200 times=500")
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	deadAddress := dead.Addr().String()
	require.NoError(t, dead.Close())
	keyFile := t.TempDir() + "/key"
	require.NoError(t, os.WriteFile(keyFile, []byte(canaries["key of file"]), 0o600))
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	_, deadPort, _ := net.SplitHostPort(deadAddress)
	good := fmt.Sprintf(`
log: {level: debug}
tokens: [%s]
admin: {token: %s}
ports: [%s, %s]
exempt: [127.0.0.0/8]
upstream_proxy: {url: 'http://u:%s@%s'}
upstream_ca_file: %s
providers:
  - {name: alpha, type: openai, base_url: 'https://127.0.0.1:%s', keys: [%s, %s, 'env:KEY', 'file:%s']}
  - {name: dead, type: anthropic, base_url: 'https://localhost:%s', keys: [%s]}
`, canaries["gateway token"], canaries["admin token"], port, deadPort, canaries["proxy password"], deadAddress, certFile(t, srv),
		port, canaries["inline key"], canaries["second key"], keyFile, deadPort, canaries["key of a dead upstream"])
	p := begin(t, good, map[string]string{"KEY": canaries["key of env"]})
	var seen strings.Builder
	keep := func(_ int, text string) { seen.WriteString(text) }
	token, admin := canaries["gateway token"], canaries["admin token"]

	// Clients: good ones, strangers, failovers, exhaustion, broken answers, the dead.
	for range 12 {
		status, text, err := try(p.on.BaseURL, "alpha", token)
		seen.WriteString(fmt.Sprint(status, text, err))
	}
	keep(p.ask("dead", "/v1/messages", token))
	keep(p.ask("none", "/v1/models", token))
	keep(p.ask("alpha", "/v1/models", "wrong"))
	keep(p.ask("alpha", "/v1/models", ""))
	for _, proxy := range []string{"http://me:" + token + "@" + p.on.Proxy, "http://me:wrong@" + p.on.Proxy,
		"https://me:" + token + "@" + p.on.ProxyTLS, "https://me:wrong@" + p.on.ProxyTLS} {
		for _, target := range []string{srv.URL + "/v1/models", "http://localhost:" + deadPort + "/v1/messages", "http://127.0.0.1:1/", // the last two in absolute form
			"https://localhost:" + deadPort + "/v1/messages", "https://127.0.0.2:" + port + "/", "https://127.0.0.1:1/"} {
			seen.WriteString(curl(t, "-x", proxy, "--proxy-cacert", p.ca, "--cacert", p.ca, target))
			seen.WriteString(curl(t, "-x", proxy, "--proxy-cacert", p.ca, "--cacert", p.ca, "-H", "Authorization: Bearer "+token, target))
		}
	}
	// Administrators, and who is none.
	for _, with := range []string{admin, "wrong", token} {
		for _, path := range []string{"/providers", "/metrics", "/healthz", "/nothing"} {
			keep(p.page("GET", path, with))
		}
		for _, path := range []string{"/reload", "/providers/alpha/keys/1/enable", "/providers/alpha/keys/9/enable", "/providers/x/keys/1/enable"} {
			keep(p.page("POST", path, with))
		}
	}
	// Files with keys in every wrong place.
	key := canaries["misplaced key"]
	for _, text := range []string{
		good + "  - {name: bad, type: openai, base_url: 'https://u:" + canaries["password in a base URL"] + "@h:x', keys: [" + canaries["key of a bad row"] + "]}\n",
		good + "  - {name: bad, type: " + key + ", base_url: '" + key + "', keys: {" + key + ": 1}}\n",
		good + key + ": 1\n", good + "tunnel: " + key + "\n", good + "'" + key, good + "a: *" + key + "\n",
		strings.ReplaceAll(good, "env:KEY", "env:"+key), strings.ReplaceAll(good, keyFile, key),
		strings.ReplaceAll(good, canaries["second key"], canaries["inline key"]),
	} {
		from := p.log.len()
		p.write(text)
		p.log.await(t, from, "reload")
		keep(p.page("POST", "/reload", admin))
		keep(p.page("GET", "/providers", admin))
	}
	keep(p.page("GET", "/metrics", ""))
	assert.NotEmpty(t, up.Requests())
	p.stop()

	log := p.log.String()
	assert.Contains(t, log, "level=DEBUG")
	for _, sign := range []string{"401", "429", "502", "407", "403"} {
		assert.Contains(t, seen.String()+log, sign, "the run did not get there")
	}
	for what, secret := range canaries {
		for _, part := range []string{secret, secret[10:]} {
			assert.NotContains(t, log, part, "the log has the %s", what)
			assert.NotContains(t, seen.String(), part, "somebody was sent the %s", what)
		}
	}
}

// try is a request that may break.
func try(address, provider, token string) (int, string, error) {
	req, err := http.NewRequest(http.MethodGet, "http://"+address+"/api/v2/aibridge/"+provider+"/v1/models", nil)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	var b strings.Builder
	_ = resp.Header.Write(&b)
	body := make([]byte, 1<<16)
	n, err := resp.Body.Read(body)
	return resp.StatusCode, b.String() + string(body[:n]), err
}
