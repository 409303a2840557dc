package proxy_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// An answer that does not go on is broken off, so that nobody takes it for a whole one,
// and its upstream hears of it.
func TestUpstreamThatFallsSilent(t *testing.T) {
	for name, tt := range map[string]struct {
		path, proto string
		stale       bool
	}{
		"chunked":           {"/chunked", "1.1", false},
		"of known length":   {"/length", "1.1", false},
		"compressed":        {"/gzip", "1.1", false},
		"to HTTP/1.0":       {"/chunked", "1.0", false},
		"to a stale tunnel": {"/chunked", "1.1", true},
	} {
		t.Run(name, func(t *testing.T) {
			left := make(chan struct{})
			inBubble(t, func(c *proxy.Config) { c.UpstreamIdleTimeout = 17 * time.Second }, func(rw http.ResponseWriter, r *http.Request) {
				var out io.Writer = rw
				switch r.URL.Path {
				case "/length":
					rw.Header().Set("Content-Length", "100")
				case "/gzip":
					rw.Header().Set("Content-Encoding", "gzip")
					packed := gzip.NewWriter(rw)
					defer packed.Flush()
					out = packed
				case "/whole":
					return
				}
				_, _ = io.WriteString(out, "begun")
				rw.(http.Flusher).Flush()
				<-r.Context().Done()
				close(left)
			}, func(t *testing.T, b *bubble) {
				ended := &atomic.Bool{}
				raw := b.connect("alpha.invalid:443")
				c := b.secureTo("alpha.invalid", endConn{raw.conn, ended})
				require.Equal(t, 200, c.get("alpha.invalid", "/whole").StatusCode)
				if tt.stale {
					b.source.set()
					require.NoError(t, b.server.Reload(t.Context()))
				}
				begin := time.Now()
				c.send("GET " + tt.path + " HTTP/" + tt.proto + "\nHost: alpha.invalid\n\n")
				got := c.read(http.MethodGet)
				assert.Equal(t, 200, got.StatusCode)
				if tt.path != "/gzip" {
					assert.Equal(t, "begun", got.body)
				}
				if tt.proto == "1.1" {
					assert.ErrorIs(t, got.err, io.ErrUnexpectedEOF)
				} else {
					assert.True(t, ended.Load(), "a bare end, and no close_notify")
				}
				assert.Equal(t, 17*time.Second, time.Since(begin))
				<-left
				_ = c.conn.Close()
			})
		})
	}
}

// The limit is one of silence: an answer may last for ever, and so may the time between
// two answers on a connection. A negative limit is none.
func TestAnswersThatAreSlow(t *testing.T) {
	for limit, gap := range map[time.Duration]time.Duration{
		17 * time.Second: 16 * time.Second,
		0:                9*time.Minute + 59*time.Second,
		-1:               72 * time.Hour,
	} {
		inBubble(t, func(c *proxy.Config) { c.UpstreamIdleTimeout, c.IdleTimeout = limit, -1 }, func(rw http.ResponseWriter, r *http.Request) {
			for range 5 {
				_, _ = io.WriteString(rw, "x")
				rw.(http.Flusher).Flush()
				<-time.After(gap)
			}
		}, func(t *testing.T, b *bubble) {
			c := b.tunnel()
			for range 3 {
				got := c.get("alpha.invalid", "/")
				assert.NoError(t, got.err, "limit %v", limit)
				assert.Equal(t, "xxxxx", got.body, "limit %v", limit)
				pass(time.Minute)
			}
			assert.EqualValues(t, 1, b.open.Load(), "on one connection")
			_ = c.conn.Close()
		})
	}
}

func TestDefaultLimitOfSilence(t *testing.T) {
	inBubble(t, nil, func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(rw, "x")
		rw.(http.Flusher).Flush()
		<-r.Context().Done()
	}, func(t *testing.T, b *bubble) {
		c := b.tunnel()
		begin := time.Now()
		assert.Error(t, c.get("alpha.invalid", "/").err)
		assert.Equal(t, proxy.DefaultUpstreamIdleTimeout, time.Since(begin))
		_ = c.conn.Close()
		synctest.Wait()
	})
}
