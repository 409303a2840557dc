package providersapi_test

import (
	"database/sql"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// Providers are edited by HTTP while requests flow: those of a provider that nobody
// touches all succeed, routes follow each answer at once, and a gateway that starts on
// the same file goes on where this one was.
func TestEditsWhileRequestsFlow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.db")
	cfg := proxy.Config{Dial: upstream(t), Auth: proxy.AuthTokens, Tunnel: proxy.TunnelDeny}
	l := openLab(t, path, cfg)
	l.must(201, "POST /providers", provider("steady", `"keys": ["steady-key"]`))
	client := l.serve()

	stop := make(chan struct{})
	var flowing sync.WaitGroup
	answers := make([]int, 4)
	for i := range answers {
		flowing.Go(func() {
			for {
				got, err := get(client, "steady.invalid")
				if !assert.NoError(t, err) || !assert.Equal(t, "steady.invalid Bearer steady-key", got) {
					return
				}
				answers[i]++
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	routed := func(host, want string) {
		t.Helper()
		got, err := get(client, host)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for range 5 {
		l.must(201, "POST /providers", provider("alpha", `"keys": ["k0"]`, `"position": 1`))
		routed("alpha.invalid", "alpha.invalid Bearer k0")
		l.must(200, "PATCH /providers/alpha", `{"name": "beta"}`)
		routed("alpha.invalid", "alpha.invalid Bearer k0")
		l.must(200, "PATCH /providers/beta", `{"base_url": "http://beta.invalid", "keys": ["k1", "k2"]}`)
		routed("beta.invalid", "beta.invalid Bearer k1")
		routed("alpha.invalid", "403 Forbidden")
		match := "If-Match: " + l.must(200, "GET /providers/beta", "").header.Get("ETag")
		l.must(200, "DELETE /providers/beta/keys/1", "", match)
		routed("beta.invalid", "beta.invalid Bearer k2")
		l.must(200, "PATCH /providers/beta", `{"disabled": true}`)
		routed("beta.invalid", "403 Forbidden")
		l.must(204, "DELETE /providers/beta", "")
		require.Equal(t, []string{"steady enabled"}, l.statuses())
	}
	l.must(201, "POST /providers", provider("last", `"keys": ["`+key+`"]`, `"position": 1`))
	close(stop)
	flowing.Wait()
	for i, n := range answers {
		assert.Positive(t, n, "client %d", i)
	}
	before := l.must(200, "GET /providers/last", "")
	client.CloseIdleConnections()
	l.close()

	l = openLab(t, path, cfg)
	client = l.serve()
	assert.Equal(t, []string{"last enabled", "steady enabled"}, l.statuses())
	assert.Equal(t, before, l.must(200, "GET /providers/last", ""), "ETag and all")
	routed("last.invalid", "last.invalid Bearer "+key)
	client.CloseIdleConnections()
	l.close()
}

// While another process keeps the database to itself, the gateway serves what it last
// read, and says why; then it goes on.
func TestLockedDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.db")
	l := openLab(t, path, proxy.Config{Dial: upstream(t)})
	defer l.close()
	l.must(201, "POST /providers", provider("alpha", `"keys": ["`+key+`"]`))
	client := l.serve()
	defer client.CloseIdleConnections()
	live := l.server.Snapshot()

	raw, err := sql.Open("sqlite", path+"?_pragma=locking_mode(EXCLUSIVE)&_txlock=exclusive")
	require.NoError(t, err)
	raw.SetMaxOpenConns(1)
	tx, err := raw.Begin()
	require.NoError(t, err)

	err = l.server.Reload(t.Context())
	require.ErrorContains(t, err, "refresh ai providers for proxy routing")
	require.ErrorContains(t, err, "the database is locked")
	assert.Same(t, live, l.server.Snapshot())
	assert.Contains(t, l.must(200, "GET /providers", "").text, "the database is locked")
	got, err := get(client, "alpha.invalid")
	require.NoError(t, err)
	assert.Equal(t, "alpha.invalid Bearer "+key, got)
	busy := l.must(503, "POST /providers", provider("beta"))
	assert.Equal(t, "1", busy.header.Get("Retry-After"))
	l.must(503, "GET /providers/alpha", "")

	require.NoError(t, tx.Rollback())
	require.NoError(t, raw.Close())
	l.must(201, "POST /providers", provider("beta"))
	assert.Equal(t, []string{"alpha enabled", "beta enabled"}, l.statuses())
}
