package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/cmd/internal/config"
	"github.com/gatedrill/gatedrill/keypool"
	"github.com/gatedrill/gatedrill/proxy"
)

// load reads a text as a file.
func load(t *testing.T, text string, o config.Options) (*config.Loaded, []string) {
	path := filepath.Join(t.TempDir(), "g.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	if o.LookupEnv == nil {
		o.LookupEnv = func(string) (string, bool) { return "", false }
	}
	l, err := config.Load(path, o)
	var list []string
	if err != nil {
		var wrong *config.Error
		require.ErrorAs(t, err, &wrong)
		require.ErrorIs(t, err, config.ErrInvalid)
		for _, m := range wrong.Mistakes {
			list = append(list, strings.TrimPrefix(m.In("g"), "g:"))
		}
	}
	for _, m := range l.Rows {
		list = append(list, "row "+strings.TrimPrefix(m.In("g"), "g:"))
	}
	return l, list
}

func TestMistakesHavePlaces(t *testing.T) {
	tests := map[string][]string{
		"":                                {" the file is empty"},
		"# nothing\n":                     {" the file is empty"},
		"[]":                              {"1:1: must be a mapping"},
		"providers:":                      {"1:11: providers: nothing stands there; an empty list is []"},
		"providers: []\n---\nports: []\n": {"2:1: a second document begins here; a file has one"},
		"providers: []\nproviders: []":    {"2:1: providers is given twice; the first is on line 1"},
		"providers: [\n":                  {"1:1: did not find expected node content"},
		"a: 'b\nproviders: []":            {"2:1: found unexpected end of stream"},
		"providers: *x":                   {" an alias (*) of something that has no anchor (&)"},
		"providers: []\ntunel: deny":      {"2:1: there is no setting tunel; did you mean tunnel?"},
		"providers: []\nxyz: 1":           {"2:1: there is no setting xyz"},
		"providers: []\ntunnel: Deny":     {"2:9: tunnel: Deny is none of allow and deny; did you mean deny?"},
		"providers: []\nports: [0, '1']":  {"2:9: ports[0]: must be at least 1", "2:12: ports[1]: must be a whole number"},
		"providers: []\nlisten:\n  proxy: 127.0.0.1:9\n  base_url: 127.0.0.1:9": {"4:13: listen.base_url: the address is listen.proxy's already"},
		"providers: []\nlisten: {proxy: off}":                                   {"2:9: listen: clients have nowhere to go: proxy, proxy_tls and base_url are all off"},
		"providers: []\nlisten: {base_url: ':1'}\nauth: any":                    {"2:20: listen.base_url: base-URL mode does not go with auth: any, which would take every key for a token"},
		"providers: []\nlisten: {proxy_tls: {cert: x}}":                         {"2:21: listen.proxy_tls: address is missing", "2:28: listen.proxy_tls.cert: its key is missing"},
		"providers: []\ntokens: [env:NONE]":                                     {"2:10: tokens[0]: the environment variable NONE is not set, or empty"},
		"providers: []\ntokens: [file:none]":                                    {"2:10: tokens[0]: the file cannot be read: no such file or directory"},
		"providers: []\ntokens: [a, a]":                                         {"2:9: tokens: the same token stands there twice"},
		"providers: []\nexempt: [10.0.0.0/33]":                                  {"2:10: exempt[0]: not a range of addresses such as 10.0.0.0/8"},
		"providers: []\nbridge: {prefix: x}":                                    {`2:18: bridge.prefix: "x": it is a plain path such as /api/v2/aibridge`},
		"providers: []\npolicy: loose":                                          {"2:9: policy: must be strict or recovering"},
		"providers: []\npolicy: 3":                                              {"2:9: policy: must be a text or a mapping"},
		"providers: []\npolicy: {status: {429: {action: cooldown, default: 1}}}": {
			"2:52: policy.status.429.default: must be a text; write it in quotes"},
		"source: sqlite":                                   {"1:1: sqlite is missing, the database of source: sqlite"},
		"source: sqlite\nsqlite: {}":                       {"2:9: sqlite: path is missing"},
		"source: sqlite\nsqlite: {path: x}\nproviders: []": {"3:12: providers: they come from the database with source: sqlite"},
		"providers:\n  - {name: a, type: openai, base_url: ' '}\n  - {name: a, type: openai, base_url: 'https://b.invalid', keys: [k, k]}": {
			"row 2:39: providers[0].base_url: base url is empty", "row 3:66: providers[1].keys: duplicate key"},
	}
	for text, want := range tests {
		_, got := load(t, text, config.Options{})
		assert.Equal(t, want, got, "%s", text)
	}
}

// Whatever is wrong is said at once: what the parser, the schema, the environment and
// the gateway have against a file.
func TestAllMistakesAtOnce(t *testing.T) {
	_, got := load(t, `
lisen: {}
tunnel: alow
ports: [99999]
tokens: [env:NONE, env:NONE]
exempt: [10.0.0.1/8]
bridge: {url: ftp://x}
tunnel: deny
providers:
  - {name: a, type: opnai, base_url: https://a.invalid}
`, config.Options{})
	assert.Len(t, got, 9, "%s", strings.Join(got, "\n"))
}

// Nothing of a key is repeated, wherever it stands by mistake.
func TestMistakesRepeatNoSecret(t *testing.T) {
	const canary = "sk-canary-0123456789abcdef"
	for _, form := range []string{
		"%s", "'%s", "%s: x\nproviders: []", "providers: %s", "providers: [%s]", "providers: []\ntunnel: %s", "tokens: {%s: 1}",
		"providers: []\n%s: 1\n%s: 2", "providers: []\nlisten: {proxy: %s}", "providers: []\nlisten: {proxy_tls: {address: ':1', cert: %s, key: %s}}",
		"providers: []\ntokens: ['env:%s']", "providers: []\ntokens: ['file:%s']", "providers: [*%s]", "providers: []\nexempt: [%s]",
		"providers: []\ntokens: [%s, %s]", "providers: []\ntimeouts: {dial: %s}", "providers: []\nreplay_limit: %s", "providers: []\npolicy: %s",
		"providers: []\npolicy: {status: {429: %s}}", "providers: []\npolicy: {codes: {429: {%s: 1}}}", "providers: []\nports: [%s]",
		"providers: []\nupstream_proxy: {url: 'ftp://u:%s@x'}", "providers: []\nupstream_proxy: {url: '%s'}", "providers: []\nupstream_ca_file: %s",
		"providers:\n- {name: a, type: %s, base_url: 'https://a.invalid'}", "providers:\n- {name: a, type: openai, base_url: 'x://%s'}",
		"providers:\n- {name: a, type: openai, base_url: 'https://u:%s@a.invalid:x/'}", "providers:\n- {name: a, type: openai, base_url: '%s', keys: [%s]}",
		"providers:\n- {name: a, type: openai, base_url: 'https://a.invalid', keys: [%s, %s]}", "providers:\n- {name: a, type: openai, base_url: 'https://a.invalid', keys: {%s: 1}}",
		"providers:\n- {name: '%s', type: openai, base_url: '', keys: [%s]}", "!%s {}", "providers: !<%s> []", "? [%s]\n: 1",
	} {
		text := strings.ReplaceAll(form, "%s", canary)
		l, got := load(t, text, config.Options{})
		all := strings.Join(append(got, l.Warnings()...), "\n")
		assert.NotContains(t, all, canary, "%s", form)
		assert.NotContains(t, all, canary[3:], "%s", form)
	}
}

func TestEverythingTakesEffect(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key"), []byte("from-file\n"), 0o600))
	path := filepath.Join(dir, "g.yaml")
	require.NoError(t, os.WriteFile(path, []byte(`
tokens: [env:TOKEN, inline]
auth: any
byok: deny
tunnel: deny
ports: [443, 8443]
exempt: [10.0.0.0/8, 192.168.1.1]
upstream_proxy: {url: 'http://u:p@proxy.invalid:3128'}
policy: {preset: strict, status: {403: pass, 429: {action: cooldown, default: 30s, cap: 1h}}, codes: {429: {insufficient_quota: disable}}}
strategy: round-robin
replay_limit: 1KiB
timeouts: {dial: 1s, upstream: off, drain: 1m30s}
bridge: {prefix: /x, user_agent: me}
admin: {token: env:ADMIN}
providers:
  - &a {name: a, type: openai, base_url: https://a.invalid/v1, keys: [file:key, other]}
  - {name: b, type: anthropic, base_url: https://b.invalid, disabled: true}
`), 0o600))
	env := map[string]string{"TOKEN": "token-of-env", "ADMIN": "admin-of-env"}
	l, err := config.Load(path, config.Options{LookupEnv: func(n string) (string, bool) { v, ok := env[n]; return v, ok },
		Overrides: []config.Override{{Path: "strategy", Value: "least-limited", Origin: "--strategy"}}})
	require.NoError(t, err)
	s, err := l.Settings()
	require.NoError(t, err)

	assert.Equal(t, []string{"token-of-env", "inline"}, s.Tokens)
	assert.Equal(t, proxy.AuthAny, s.Auth)
	assert.Equal(t, proxy.OwnKeysDeny, s.OwnKeys)
	assert.Equal(t, proxy.TunnelDeny, s.Tunnel)
	assert.Equal(t, []int{443, 8443}, s.ConnectPorts)
	assert.Equal(t, "[10.0.0.0/8 192.168.1.1/32]", fmt.Sprint(s.Exempt))
	assert.Equal(t, "http://u:p@proxy.invalid:3128", s.UpstreamProxy)
	assert.Equal(t, "401 disable, 403 pass, 429 cooldown default 30s cap 1h0m0s, 429 insufficient_quota disable", s.Policy.String())
	assert.Equal(t, keypool.LeastRecentlyLimited, s.Strategy, "a flag wins over the file")
	assert.EqualValues(t, 1024, s.MaxReplayBytes)
	assert.Equal(t, time.Second, s.DialTimeout)
	assert.Negative(t, s.UpstreamTimeout)
	assert.Equal(t, 90*time.Second, s.DrainTimeout)
	assert.Zero(t, s.HeaderTimeout, "the gateway's own default")
	assert.Equal(t, "/x", s.BridgePrefix)
	assert.Equal(t, "admin-of-env", l.AdminToken)
	assert.Equal(t, []proxy.Provider{
		{Name: "a", Type: "openai", BaseURL: "https://a.invalid/v1", Keys: []string{"from-file", "other"}},
		{Name: "b", Type: "anthropic", BaseURL: "https://b.invalid", Disabled: true},
	}, l.Providers)
	assert.Equal(t, config.DefaultProxy, l.File.Listen.Proxy)
	assert.Equal(t, config.Off, l.File.Listen.BaseURL)
}

func TestDefaultsAreSane(t *testing.T) {
	l, wrong := load(t, "providers: []", config.Options{})
	require.Empty(t, wrong)
	s, err := l.Settings()
	require.NoError(t, err)
	assert.True(t, s.Policy.Equal(keypool.Recovering()))
	assert.Equal(t, "127.0.0.1:8080 127.0.0.1:9090", l.File.Listen.Proxy+" "+l.File.Listen.Admin)
}

func TestWhatWaitsForARestart(t *testing.T) {
	before, _ := load(t, "providers: []\ntokens: [a]\ntunnel: deny", config.Options{})
	after, _ := load(t, "providers:\n- {name: a, type: openai, base_url: 'https://a.invalid'}\ntokens: [b]\ntimeouts: {dial: 1s}", config.Options{})
	assert.Equal(t, []string{"tokens", "tunnel", "timeouts"}, config.Restart(before, after))
	assert.Empty(t, config.Restart(before, before))
}

// Aliases of aliases grow by powers: a file of a few lines must not fill the memory.
func TestAFileThatGrowsIsRefused(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 10; i++ {
		n := string(rune('0' + i))
		before := "*a" + string(rune('0'+i-1))
		b.WriteString("a" + n + ": &a" + n + " [" + strings.Repeat(before+", ", 10) + "]\n")
	}
	_, got := load(t, b.String(), config.Options{})
	require.NotEmpty(t, got)
	assert.Contains(t, strings.Join(got, "\n"), "too large")
	_, got = load(t, "a: &a [*a]", config.Options{})
	assert.Contains(t, strings.Join(got, "\n"), "nested too deeply")
}
