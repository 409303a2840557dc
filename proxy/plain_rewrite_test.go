package proxy_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// What the bridge makes of a request whose peer, scheme and headers the test chooses.
func TestRewritePassthroughRequest(t *testing.T) {
	for _, tt := range []struct {
		name    string
		scheme  string // https: as if it came over TLS
		peer    string
		header  http.Header
		changes http.Header // to plainHeader
		without string      // a header that plainHeader has and the upstream does not get
	}{
		{
			name: "sets_upstream_url_and_forwarded_headers_from_client_peer", scheme: "http", peer: "192.0.2.55:3456",
			changes: http.Header{"X-Forwarded-For": {"192.0.2.55"}, "User-Agent": {"gatedrill"}},
		},
		{
			name: "preserves_client_user_agent", scheme: "http", peer: "192.0.2.55:3456",
			header:  http.Header{"User-Agent": {"sdk/1.2 (linux)"}},
			changes: http.Header{"X-Forwarded-For": {"192.0.2.55"}, "User-Agent": {"sdk/1.2 (linux)"}},
		},
		{
			name: "appends_remote_addr_to_existing_forwarded_for_chain", scheme: "http", peer: "[2001:db8::7]:3456",
			header:  http.Header{"X-Forwarded-For": {"198.51.100.1, 203.0.113.9"}},
			changes: http.Header{"X-Forwarded-For": {"198.51.100.1, 203.0.113.9, 2001:db8::7"}, "User-Agent": {"gatedrill"}},
		},
		{
			name: "tls_request_sets_forwarded_proto_to_https", scheme: "https", peer: "192.0.2.55:3456",
			changes: http.Header{"X-Forwarded-For": {"192.0.2.55"}, "X-Forwarded-Proto": {"https"}, "User-Agent": {"gatedrill"}},
		},
		{
			name: "omits_forwarded_for_when_remote_addr_is_not_parseable", scheme: "http", peer: "pipe",
			header:  http.Header{"X-Forwarded-For": {"198.51.100.1"}},
			changes: http.Header{"User-Agent": {"gatedrill"}},
			without: "X-Forwarded-For",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newPlainGateway(t, nil)
			up := g.upstream("alpha.invalid", "key k0: 200")
			g.reload(proxy.Provider{Name: "alpha", Type: "openai", BaseURL: "https://alpha.invalid/base", Keys: []string{"sk-zero"}})
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet,
				tt.scheme+"://gateway.invalid/api/v2/aibridge/alpha/v1/responses?a=b", nil)
			request.RemoteAddr = tt.peer
			if tt.header != nil {
				request.Header = tt.header
			}
			sent := request.Header.Clone()
			answer := httptest.NewRecorder()
			g.server.Bridge().ServeHTTP(answer, request)
			require.Equal(t, 200, answer.Code, answer.Body)

			got, want := up.only(t), plainHeader(tt.changes)
			delete(want, tt.without)
			assert.Equal(t, want, got.Header)
			assert.Equal(t, []string{"GET /base/v1/responses?a=b k0"}, up.took())
			assert.Equal(t, "alpha.invalid", got.Host)
			assert.Equal(t, sent, request.Header, "the client's own request is left alone")
		})
	}
}
