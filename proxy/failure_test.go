package proxy_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// An upstream's failure is an answer, and the tunnel stays usable.
func TestUpstreamFailures(t *testing.T) {
	fail := func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ok":
			_, _ = io.WriteString(rw, "ok")
			return
		case "/slow":
			<-r.Context().Done()
			return
		}
		conn, _, err := rw.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		switch r.URL.Path {
		case "/garbage":
			_, _ = io.WriteString(conn, "what\r\n\r\n")
		case "/101":
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
		case "/099":
			_, _ = io.WriteString(conn, "HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n")
		}
	}
	modes(t, fail, func(c *proxy.Config) { c.UpstreamTimeout = 200 * time.Millisecond }, func(t *testing.T, w *world, c *rawTunnel) {
		for path, want := range map[string]int{"/reset": 502, "/garbage": 502, "/101": 502, "/099": 502, "/slow": 504} {
			got := c.get("alpha.invalid", path)
			assert.Equal(t, want, got.StatusCode, path)
			assert.NotContains(t, got.body, "malformed", path)
			assert.Equal(t, "ok", c.get("alpha.invalid", "/ok").body, "after %s", path)
		}
	})
}

func TestUnreachableUpstreamInTheVendorsShape(t *testing.T) {
	w := newWorld(t, nil)
	w.source.set(proxy.Provider{Name: "alpha", Type: "anthropic", BaseURL: "https://alpha.invalid", Keys: []string{"sk-1"}})
	w.reload()
	got := w.tunnel("alpha.invalid:443", "").get("alpha.invalid", "/x")
	assert.Equal(t, 502, got.StatusCode)
	assert.JSONEq(t, `{"type":"error","error":{"type":"api_error","message":"the upstream cannot be reached, or broke off"},"request_id":null}`, got.body)
	assert.Equal(t, "application/json", got.Header.Get("Content-Type"))
}

// A certificate that nobody vouches for is a failure, not a warning.
func TestUpstreamCertificateIsVerified(t *testing.T) {
	w := newWorld(t, nil)
	up := w.upstream(http.HandlerFunc(echoKey), "other.invalid:443")
	w.at("alpha.invalid:443", up.Listener.Addr().String()) // whose certificate is other's
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
	w.reload()
	assert.Equal(t, 502, w.tunnel("alpha.invalid:443", "").get("alpha.invalid", "/x").StatusCode)
}

// Two requests, one connection, whether or not the client closes its own, and across
// reloads.
func TestUpstreamConnectionsAreReused(t *testing.T) {
	w := serving(t, echoKey, nil)
	c := w.tunnel("alpha.invalid:443", "")
	require.Equal(t, 200, c.get("alpha.invalid", "/1").StatusCode)
	got := c.get("alpha.invalid", "/2", "Connection: close")
	require.Equal(t, 200, got.StatusCode)
	_, err := c.br.ReadByte()
	require.ErrorIs(t, err, io.EOF, "the client's wish is for its own connection")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-2"))
	w.reload()
	require.Equal(t, 200, w.tunnel("alpha.invalid:443", "").get("alpha.invalid", "/3").StatusCode)
	assert.Equal(t, []string{"alpha.invalid:443"}, w.dialled())
}

// An upstream that closed an idle connection costs a new one, and no error: also for a
// POST, and nothing is added to it.
func TestDeadIdleConnection(t *testing.T) {
	var mu sync.Mutex
	var conns []net.Conn
	up := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, has := r.Header["Idempotency-Key"]
		_, _ = fmt.Fprintf(rw, "%s %v", body, has)
	}))
	up.Config.ConnState = func(c net.Conn, s http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		if s == http.StateNew {
			conns = append(conns, c)
		}
	}
	w := newWorld(t, nil)
	up.TLS = &tls.Config{Certificates: []tls.Certificate{w.ca.leaf("alpha.invalid")}}
	up.StartTLS()
	defer up.Close()
	// The gateway's side is read by nobody while the connection is idle, as when the FIN
	// is still on its way: what the upstream closes shows with the next request only.
	w.at("alpha.invalid:443", up.Listener.Addr().String())
	w.source.set(row("alpha", "https://alpha.invalid"))
	w.reload()
	c := w.tunnel("alpha.invalid:443", "")
	post := func() answer {
		c.send("POST /x HTTP/1.1\nHost: alpha.invalid\nContent-Length: 2\n\nhi")
		return c.read("POST")
	}
	require.Equal(t, "hi false", post().body)
	for range 20 {
		mu.Lock()
		for _, conn := range conns {
			_ = conn.(*tls.Conn).NetConn().Close()
		}
		mu.Unlock()
		got := post()
		require.Equal(t, 200, got.StatusCode)
		require.Equal(t, "hi false", got.body)
	}
	mu.Lock()
	defer mu.Unlock()
	assert.Len(t, conns, 21)
}

// Failover, end to end: the client sees the last answer and nothing of the ones before.
func TestFailoverThroughATunnel(t *testing.T) {
	var mu sync.Mutex
	var tried []string
	w := newWorld(t, nil)
	w.upstream(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		tried = append(tried, r.Header.Get("Authorization")+" "+string(body))
		mu.Unlock()
		if r.Header.Get("Authorization") != "Bearer sk-3" {
			rw.Header().Set("Retry-After", "5")
			rw.Header().Set("X-Of-The-First", "1")
			rw.WriteHeader(429)
			return
		}
		_, _ = io.WriteString(rw, "fine")
	}), "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1", "sk-2", "sk-3"))
	w.reload()
	c := w.tunnel("alpha.invalid:443", "")
	c.send("POST /x HTTP/1.1\nHost: alpha.invalid\nContent-Length: 2\n\nhi")
	got := c.read("POST")
	assert.Equal(t, "fine", got.body)
	assert.NotContains(t, got.Header, "Retry-After")
	assert.NotContains(t, got.Header, "X-Of-The-First")
	assert.Equal(t, []string{"Bearer sk-1 hi", "Bearer sk-2 hi", "Bearer sk-3 hi"}, tried)

	w.source.set(row("alpha", "https://alpha.invalid", "sk-1", "sk-2"))
	w.reload()
	got = c.get("alpha.invalid", "/x")
	assert.Equal(t, 429, got.StatusCode)
	assert.NotEmpty(t, got.Header.Get("Retry-After"))
	assert.Equal(t, "central", got.Header.Get(proxy.HeaderCredential))
	assert.Len(t, tried, 3, "nobody is asked when all are cooling")
}
