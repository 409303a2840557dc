package proxy_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// plainBridgeURL serves the bridge on a listener of its own and returns its URL.
func (g *plainGateway) plainBridgeURL() string {
	server := httptest.NewServer(g.server.Bridge())
	g.t.Cleanup(server.Close)
	return server.URL + "/api/v2/aibridge"
}

// plainHeader is what the upstream of an OpenAI provider gets of a request that came
// from 127.0.0.1 for gateway.invalid, with changes.
func plainHeader(changes http.Header) http.Header {
	h := http.Header{
		"Authorization":     {"Bearer sk-zero"},
		"Accept-Encoding":   {"gzip"},
		"User-Agent":        {"Go-http-client/1.1"},
		"X-Forwarded-For":   {"127.0.0.1"},
		"X-Forwarded-Host":  {"gateway.invalid"},
		"X-Forwarded-Proto": {"http"},
	}
	maps.Copy(h, changes)
	return h
}

// What the bridge sends upstream: the path, the query, and the whole header. Without a
// path it sends nothing, and answers 502.
func TestPassthroughRoutes(t *testing.T) {
	for _, tt := range []struct {
		name, base, target string
		lines              []string
		want               string // request line upstream; "": none
		changes            http.Header
	}{
		{name: "passthrough_route_no_path", base: "", target: "/v1/models", want: "GET /v1/models k0"},
		{name: "base_URL_path_is_preserved_in_passthrough_routes", base: "/api/v2", target: "/v1/models", want: "GET /api/v2/v1/models k0"},
		{name: "passthrough_route_break_parse_base_url", base: "/%zz", target: "/v1/models"},
		{name: "passthrough_route_rejects_invalid_base_url_path", base: "/%25", target: "/v1/models"},
		{
			name: "proxy_headers_are_set_and_forwarded_chain_is_appended", base: "", target: "/v1/models",
			lines: []string{
				"X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Host: evil.invalid", "X-Forwarded-Proto: ftp",
				"Connection: X-Hop", "X-Hop: 1", "Te: trailers", "Keep-Alive: timeout=5", "Upgrade: h2c",
				"Proxy-Authorization: Basic abc", "Proxy-Connection: keep-alive", "Proxy-Other: 1",
				"X-Api-Key: " + plainToken, "X-Custom: a", "X-Custom: b", "User-Agent: sdk/1.2",
			},
			want: "GET /v1/models k0",
			changes: http.Header{
				"X-Forwarded-For": {"198.51.100.1, 203.0.113.9, 127.0.0.1"},
				"X-Custom":        {"a", "b"},
				"User-Agent":      {"sdk/1.2"},
			},
		},
		{name: "query_string_is_preserved", base: "/api/v2", target: "/v1/models?b=2&a=%20x&&c=%zz&a=+;d", want: "GET /api/v2/v1/models?b=2&a=%20x&&c=%zz&a=+;d k0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newPlainGateway(t, nil)
			up := g.upstream("alpha.invalid", `key k0: 200 body="answered"`)
			g.reload(proxy.Provider{Name: "alpha", Type: "openai", BaseURL: "https://alpha.invalid" + tt.base, Keys: []string{"sk-zero"}})
			status := proxy.StatusEnabled
			if tt.base == "/%zz" { // the other one parses, and fails when it is used
				status = proxy.StatusError
			}
			assert.Equal(t, status, g.server.Snapshot().Providers()[0].Status)
			direct := newPlainClient(t, g.clock, nil, nil)
			got := direct.get(g.plainBridgeURL()+"/alpha"+tt.target, append(tt.lines, "Host: gateway.invalid")...)
			assert.Equal(t, []string{"/api/v2/aibridge/alpha" + tt.target}, g.bridge.took())
			if tt.want == "" {
				assert.Equal(t, 502, got.status)
				assert.JSONEq(t, `{"error":{"message":"invalid provider base URL","type":"server_error","param":null,"code":null}}`, got.body)
				assert.Empty(t, up.took())
				assert.Zero(t, up.accepted.Load())
				return
			}
			require.Equal(t, 200, got.status, got.body)
			assert.Equal(t, "answered", got.body)
			assert.Equal(t, "central", got.header.Get(proxy.HeaderCredential))
			request := up.only(t)
			assert.Equal(t, []string{tt.want}, up.took())
			assert.Equal(t, "alpha.invalid", request.Host)
			assert.Equal(t, plainHeader(tt.changes), request.Header)
		})
	}
}
