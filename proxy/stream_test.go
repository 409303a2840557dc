package proxy_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// serving is a world with alpha at alpha.invalid, whose upstream is handler.
func serving(t *testing.T, handler http.HandlerFunc, change func(*proxy.Config)) *world {
	w := newWorld(t, change)
	w.upstream(handler, "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
	w.reload()
	return w
}

// modes runs a test against a bridged tunnel and against one that is passed through.
func modes(t *testing.T, handler http.HandlerFunc, change func(*proxy.Config), test func(t *testing.T, w *world, c *rawTunnel)) {
	for _, mode := range []string{"bridged", "passed through"} {
		t.Run(mode, func(t *testing.T) {
			w := serving(t, handler, change)
			c := w.tunnel("alpha.invalid:443", "")
			if mode == "passed through" {
				w.source.set()
				w.reload()
			}
			test(t, w, c)
		})
	}
}

// Each event arrives before the next is sent, the header before the first.
func TestStreamsFlow(t *testing.T) {
	next := make(chan string)
	modes(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/event-stream")
		rw.(http.Flusher).Flush()
		for event := range next {
			if event == "" {
				return
			}
			_, _ = io.WriteString(rw, event)
			rw.(http.Flusher).Flush()
		}
	}, nil, func(t *testing.T, w *world, c *rawTunnel) {
		c.send("POST /x HTTP/1.1\nHost: alpha.invalid\nContent-Length: 2\n\n{}")
		resp, err := http.ReadResponse(c.br, nil)
		require.NoError(t, err, "the header comes before any event")
		for i := range 3 {
			event := fmt.Sprintf("data: %d\n\n", i)
			next <- event
			got := make([]byte, len(event))
			_, err := io.ReadFull(resp.Body, got)
			require.NoError(t, err)
			assert.Equal(t, event, string(got))
		}
		next <- ""
		rest, err := io.ReadAll(resp.Body)
		assert.NoError(t, err)
		assert.Empty(t, rest)
	})
}

// A part of an answer of known length does not wait for the rest.
func TestKnownLengthFlowsAsWell(t *testing.T) {
	release := make(chan struct{})
	modes(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Length", "4")
		_, _ = io.WriteString(rw, "ab")
		rw.(http.Flusher).Flush()
		<-release
		_, _ = io.WriteString(rw, "cd")
	}, nil, func(t *testing.T, w *world, c *rawTunnel) {
		c.send("GET /x HTTP/1.1\nHost: alpha.invalid\n\n")
		resp, err := http.ReadResponse(c.br, nil)
		require.NoError(t, err)
		got := make([]byte, 2)
		_, err = io.ReadFull(resp.Body, got)
		require.NoError(t, err)
		assert.Equal(t, "ab", string(got))
		release <- struct{}{}
		rest, err := io.ReadAll(resp.Body)
		assert.NoError(t, err)
		assert.Equal(t, "cd", string(rest))
	})
}

// An upstream that breaks off never looks like a clean end.
func TestTruncationIsVisible(t *testing.T) {
	for name, head := range map[string]string{
		"known length": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789",
		"chunked":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n",
		"in a chunk":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n0123456789",
		"to the end":   "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0123456789",
	} {
		for _, version := range []string{"1.1", "1.0"} {
			t.Run(name+" to HTTP/"+version, func(t *testing.T) {
				modes(t, func(rw http.ResponseWriter, r *http.Request) {
					conn, _, err := rw.(http.Hijacker).Hijack()
					if err != nil {
						panic(err)
					}
					_, _ = io.WriteString(conn, head)
					// Below TLS, so that no close_notify makes it a good end.
					_ = conn.(*tls.Conn).NetConn().Close()
				}, nil, func(t *testing.T, w *world, c *rawTunnel) {
					c.send("GET /x HTTP/" + version + "\nHost: alpha.invalid\n\n")
					got := c.read(http.MethodGet)
					assert.Equal(t, 200, got.StatusCode)
					assert.Equal(t, "0123456789", got.body)
					if got.ContentLength < 0 && version == "1.0" {
						// crypto/tls overlooks it, others do not: there is no close_notify.
						assert.NoError(t, got.err)
						assert.True(t, c.ended.Load(), "the end looks like a good one")
						return
					}
					assert.ErrorIs(t, got.err, io.ErrUnexpectedEOF)
				})
			})
		}
	}
}

// When the client leaves, before the answer or in the middle of it, the upstream's
// request is cancelled.
func TestClientGoneCancelsTheUpstream(t *testing.T) {
	for _, when := range []string{"before the answer", "in the middle"} {
		t.Run(when, func(t *testing.T) {
			begun, cancelled := make(chan struct{}), make(chan struct{})
			modes(t, func(rw http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if when == "in the middle" {
					_, _ = io.WriteString(rw, "data: 1\n\n")
					rw.(http.Flusher).Flush()
				}
				begun <- struct{}{}
				<-r.Context().Done()
				cancelled <- struct{}{}
			}, nil, func(t *testing.T, w *world, c *rawTunnel) {
				c.send("POST /x HTTP/1.1\nHost: alpha.invalid\nContent-Length: 2\n\n{}")
				<-begun
				require.NoError(t, c.conn.(*tls.Conn).NetConn().Close())
				select {
				case <-cancelled:
				case <-time.After(10 * time.Second):
					t.Fatal("the upstream works on for nobody")
				}
			})
		})
	}
}

// A request keeps the snapshot that it began with, through any number of reloads.
func TestReloadDuringAStream(t *testing.T) {
	step := make(chan struct{})
	w := serving(t, func(rw http.ResponseWriter, r *http.Request) {
		for range 3 {
			_, _ = io.WriteString(rw, r.Header.Get("Authorization")+"\n")
			rw.(http.Flusher).Flush()
			<-step
		}
	}, nil)
	c := w.tunnel("alpha.invalid:443", "")
	c.send("GET /x HTTP/1.1\nHost: alpha.invalid\n\n")
	resp, err := http.ReadResponse(c.br, nil)
	require.NoError(t, err)
	step <- struct{}{}
	w.source.set()
	w.reload()
	step <- struct{}{}
	step <- struct{}{}
	body, err := io.ReadAll(resp.Body)
	assert.NoError(t, err)
	assert.Equal(t, strings.Repeat("Bearer sk-1\n", 3), string(body))
}
