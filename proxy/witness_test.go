package proxy_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// Who calls with a request's id is found by it in the log.
func TestRequestIDIsInTheLog(t *testing.T) {
	w, _ := bridgeWorld(t, row("alpha", "https://alpha.invalid/v1", "sk-1"), nil)
	c := w.tunnel("alpha.invalid:443", "token")
	ids := map[string]bool{}
	for range 2 {
		got := c.get("alpha.invalid", "/x")
		require.Equal(t, 200, got.StatusCode)
		id := got.Header.Get(proxy.HeaderRequestID)
		assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, id, "a UUID of RFC 9562")
		assert.False(t, ids[id], "each request has its own")
		ids[id] = true
		assert.Regexp(t, regexp.QuoteMeta(id)+`(?s).*status=200|status=200(?s).*`+regexp.QuoteMeta(id), w.logs.String())
	}
}

// attempts notes what each attempt is sent with.
type attempts struct {
	inner http.RoundTripper
	mu    sync.Mutex
	keys  []string
}

func (a *attempts) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := a.inner.RoundTrip(r)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keys = append(a.keys, fmt.Sprintf("%s %d", r.Header.Get("Authorization"), resp.StatusCode))
	return resp, err
}

// A witness stands inside of the pool: it sees the attempts, and not the request.
func TestWrapUpstreamSeesEveryAttempt(t *testing.T) {
	seen := &attempts{}
	w := newWorld(t, func(c *proxy.Config) {
		c.WrapUpstream = func(inner http.RoundTripper) http.RoundTripper {
			seen.inner = inner
			return seen
		}
	})
	w.upstream(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("Authorization"), "sk-1") {
			rw.WriteHeader(http.StatusTooManyRequests)
		}
	}), "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1", "sk-2"))
	w.reload()
	require.Equal(t, 200, w.tunnel("alpha.invalid:443", "").get("alpha.invalid", "/x").StatusCode)
	assert.Equal(t, []string{"Bearer sk-1 429", "Bearer sk-2 200"}, seen.keys)
}

func TestUserAgentIsConfigurable(t *testing.T) {
	w, up := bridgeWorld(t, row("alpha", "https://alpha.invalid", "sk-1"), func(c *proxy.Config) { c.UserAgent = "gate/2" })
	c := w.tunnel("alpha.invalid:443", "token")
	require.Equal(t, 200, c.get("alpha.invalid", "/x").StatusCode)
	assert.Equal(t, "gate/2", up.get().Header.Get("User-Agent"))
	require.Equal(t, 200, c.get("alpha.invalid", "/x", "User-Agent: sdk/1").StatusCode)
	assert.Equal(t, "sdk/1", up.get().Header.Get("User-Agent"))
}
