package proxy_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	_, err := proxy.New(proxy.Config{
		Tokens:         []string{"good-token", ""},
		Auth:           7,
		Tunnel:         8,
		OwnKeys:        9,
		Strategy:       7,
		ConnectPorts:   []int{443, 0, 70000},
		BridgePrefix:   "no-slash",
		BridgeURL:      "ftp://bridge",
		UserAgent:      "two\nlines",
		MaxHeaderBytes: -1,
	})
	require.ErrorIs(t, err, proxy.ErrConfig)
	assert.Equal(t, []string{
		"proxy: invalid configuration: Source: <nil>: is required",
		`proxy: invalid configuration: Tokens[1]: "": an empty token would let everybody in`,
		"proxy: invalid configuration: ConnectPorts[1]: 0: a port is 1 to 65535",
		"proxy: invalid configuration: ConnectPorts[2]: 70000: a port is 1 to 65535",
		"proxy: invalid configuration: Auth: 7: it is AuthTokens or AuthAny",
		"proxy: invalid configuration: Tunnel: 8: it is TunnelAllow or TunnelDeny",
		"proxy: invalid configuration: OwnKeys: 9: it is OwnKeysAllow or OwnKeysDeny",
		"proxy: invalid configuration: Strategy: 7: it is keypool.Primary, RoundRobin or LeastRecentlyLimited",
		`proxy: invalid configuration: BridgePrefix: "no-slash": it is a plain path such as /api/v2/aibridge`,
		`proxy: invalid configuration: BridgeURL: "ftp://bridge": its scheme is neither http nor https`,
		`proxy: invalid configuration: UserAgent: "two\nlines": it is not a header value`,
		"proxy: invalid configuration: MaxHeaderBytes: -1: it is a number of bytes",
	}, strings.Split(err.Error(), "\n"))
	assert.NotContains(t, err.Error(), "good-token")
}

func TestBridgeSettings(t *testing.T) {
	for prefix, ok := range map[string]bool{"": true, "/x": true, "/x/y": true, "/": false, "/x/": false, "x": false, "/x?y": false, "/%41": false, "/a b": false} {
		_, err := proxy.New(proxy.Config{Source: proxy.Static{}, BridgePrefix: prefix})
		assert.Equal(t, ok, err == nil, "prefix %q: %v", prefix, err)
	}
	for target, ok := range map[string]bool{"": true, "http://b": true, "https://b:1/path/": true, "b": false, "http://": false, "http://b?q": false,
		"http://b#f": false, "http://u@b": false, "http://b/%zz": false, "mailto:b": false} {
		_, err := proxy.New(proxy.Config{Source: proxy.Static{}, BridgeURL: target})
		assert.Equal(t, ok, err == nil, "url %q: %v", target, err)
	}
}
