package proxy_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// echoKey answers with the credential it was given.
func echoKey(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, r.Method+" "+r.URL.RequestURI()+" auth="+r.Header.Get("Authorization")+" key="+r.Header.Get("X-Api-Key"))
}

func TestEndToEnd(t *testing.T) {
	w := newWorld(t, func(c *proxy.Config) { c.Tokens = []string{"gw-token"} })
	w.upstream(http.HandlerFunc(echoKey), "alpha.invalid:443", "other.invalid:443")
	w.source.set(proxy.Provider{Name: "alpha", Type: "openai", BaseURL: "https://alpha.invalid/v1", Keys: []string{"sk-1"}})
	w.reload()
	client := w.client("gw-token")

	got := fetch(t, client, request(t, "POST", "https://alpha.invalid/chat/completions?a=b", `{"x":1}`))
	require.NoError(t, got.err)
	assert.Equal(t, 200, got.StatusCode)
	assert.Equal(t, "POST /v1/chat/completions?a=b auth=Bearer sk-1 key=", got.body)
	assert.Equal(t, "central", got.Header.Get(proxy.HeaderCredential))
	assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, got.Header.Get(proxy.HeaderRequestID))

	got = fetch(t, client, request(t, "GET", "https://other.invalid/raw", "", "Authorization: Bearer mine"))
	require.NoError(t, got.err)
	assert.Equal(t, "GET /raw auth=Bearer mine key=", got.body)
	assert.Empty(t, got.Header.Get(proxy.HeaderRequestID), "a raw tunnel is not read")
}
