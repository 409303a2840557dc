package proxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// bubble is a gateway and an upstream in memory and in virtual time. When the test's
// function returns, every goroutine must have ended: synctest fails the test otherwise.
type bubble struct {
	t        *testing.T
	net      *memNet
	server   *proxy.Server
	source   *rows
	roots    *x509.CertPool
	served   chan error
	upstream *http.Server
	open     atomic.Int64 // connections that the upstream has
}

func inBubble(t *testing.T, change func(*proxy.Config), handler http.HandlerFunc, test func(t *testing.T, b *bubble)) {
	synctest.Test(t, func(t *testing.T) {
		ca := newTestCA(t)
		b := &bubble{t: t, net: &memNet{}, source: &rows{}, served: make(chan error, 1)}
		cfg := proxy.Config{Source: b.source, Dial: b.net.dial, Resolve: b.net.names.resolve, RootCAs: ca.pool()}
		if change != nil {
			change(&cfg)
		}
		var err error
		b.server, err = proxy.New(cfg)
		require.NoError(t, err)
		b.roots = ca.pool()
		b.roots.AddCert(b.server.CA().Certificate())
		l := b.net.listen("gateway:1")
		go func() { b.served <- b.server.Serve(l) }()

		b.upstream = &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
		b.upstream.ConnState = func(_ net.Conn, s http.ConnState) {
			switch s {
			case http.StateNew:
				b.open.Add(1)
			case http.StateClosed, http.StateHijacked:
				b.open.Add(-1)
			}
		}
		secure := tls.NewListener(b.net.listen("alpha.invalid:443"), &tls.Config{Certificates: []tls.Certificate{ca.leaf("alpha.invalid")}})
		go func() { _ = b.upstream.Serve(secure) }()
		b.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
		require.NoError(t, b.server.Reload(t.Context()))

		test(t, b)

		require.NoError(t, b.server.Shutdown(context.WithoutCancel(t.Context())))
		require.ErrorIs(t, <-b.served, http.ErrServerClosed)
		synctest.Wait()
		assert.Zero(t, b.open.Load(), "connections to the upstream are left")
		require.NoError(t, b.upstream.Close())
	})
}

// connect opens a tunnel by hand; it is closed when the test ends.
func (b *bubble) connect(target string) *rawTunnel {
	b.t.Helper()
	conn, err := b.net.dial(b.t.Context(), "tcp", "gateway:1")
	require.NoError(b.t, err)
	_, err = io.WriteString(conn, "CONNECT "+target+" HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(b.t, err)
	br := bufio.NewReader(conn)
	resp, err := http.ReadResponse(br, &http.Request{Method: http.MethodConnect})
	require.NoError(b.t, err)
	require.Equal(b.t, 200, resp.StatusCode)
	return &rawTunnel{t: b.t, conn: conn, br: br}
}

func (b *bubble) tunnel() *rawTunnel {
	b.t.Helper()
	return b.tunnelTo("alpha.invalid")
}

func (b *bubble) tunnelTo(host string) *rawTunnel {
	b.t.Helper()
	return b.secureTo(host, b.connect(host+":443").conn)
}

func (b *bubble) secureTo(host string, conn net.Conn) *rawTunnel {
	b.t.Helper()
	client := tls.Client(conn, &tls.Config{RootCAs: b.roots, ServerName: host})
	require.NoError(b.t, client.Handshake())
	return &rawTunnel{t: b.t, conn: client, br: bufio.NewReader(client)}
}

// lifetime is how long a connection lives when its client does nothing more.
func (c *rawTunnel) lifetime() time.Duration {
	begin := time.Now()
	_, _ = io.Copy(io.Discard, c.br)
	_ = c.conn.Close()
	return time.Since(begin)
}

func limits(c *proxy.Config) {
	c.TLSHandshakeTimeout, c.HeaderTimeout, c.IdleTimeout = 3*time.Second, 5*time.Second, 7*time.Second
	c.DialTimeout, c.UpstreamTimeout = 11*time.Second, 13*time.Second
}

// Nothing that a client leaves undone is waited for without a limit.
func TestLimitsInsideTunnels(t *testing.T) {
	for name, tt := range map[string]struct {
		act  func(b *bubble) *rawTunnel
		want time.Duration
	}{
		"no request on the listener": {func(b *bubble) *rawTunnel {
			conn, err := b.net.dial(b.t.Context(), "tcp", "gateway:1")
			require.NoError(b.t, err)
			return &rawTunnel{t: b.t, conn: conn, br: bufio.NewReader(conn)}
		}, 5 * time.Second},
		"no handshake": {func(b *bubble) *rawTunnel { return b.connect("alpha.invalid:443") }, 3 * time.Second},
		"half a handshake": {func(b *bubble) *rawTunnel {
			c := b.connect("alpha.invalid:443")
			_, err := c.conn.Write([]byte{22, 3, 1, 2, 0, 1})
			require.NoError(b.t, err)
			return c
		}, 3 * time.Second},
		"no first request": {func(b *bubble) *rawTunnel { return b.tunnel() }, 7 * time.Second},
		"half a header": {func(b *bubble) *rawTunnel {
			c := b.tunnel()
			c.send("GET / HTTP/1.1\nHost: alpha.inv")
			return c
		}, 5 * time.Second},
		"no second request": {func(b *bubble) *rawTunnel {
			c := b.tunnel()
			require.Equal(b.t, 200, c.get("alpha.invalid", "/").StatusCode)
			return c
		}, 7 * time.Second},
		"half a second header": {func(b *bubble) *rawTunnel {
			c := b.tunnel()
			require.Equal(b.t, 200, c.get("alpha.invalid", "/").StatusCode)
			c.send("GET / HTTP/1.1\n")
			return c
		}, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, limits, echoKey, func(t *testing.T, b *bubble) {
				assert.Equal(t, tt.want, tt.act(b).lifetime())
			})
		})
	}
}

func TestNegativeMeansNoLimit(t *testing.T) {
	inBubble(t, func(c *proxy.Config) {
		c.TLSHandshakeTimeout, c.HeaderTimeout, c.IdleTimeout, c.UpstreamTimeout, c.DialTimeout = -1, -1, -1, -1, -1
	}, func(rw http.ResponseWriter, r *http.Request) {
		<-time.After(72 * time.Hour)
	}, func(t *testing.T, b *bubble) {
		c := b.tunnel()
		pass(48 * time.Hour)
		require.Equal(t, 200, c.get("alpha.invalid", "/").StatusCode)
		pass(48 * time.Hour)
		require.Equal(t, 200, c.get("alpha.invalid", "/").StatusCode)
		require.NoError(t, c.conn.Close())
	})
}

func TestUpstreamLimits(t *testing.T) {
	inBubble(t, limits, func(rw http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
	}, func(t *testing.T, b *bubble) {
		c := b.tunnel()
		begin := time.Now()
		assert.Equal(t, 504, c.get("alpha.invalid", "/").StatusCode)
		assert.Equal(t, 13*time.Second, time.Since(begin), "no answer")
		require.NoError(t, c.conn.Close())
	})
	inBubble(t, func(c *proxy.Config) {
		limits(c)
		c.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
	}, nil, func(t *testing.T, b *bubble) {
		c := b.tunnel()
		begin := time.Now()
		assert.Equal(t, 504, c.get("alpha.invalid", "/").StatusCode)
		assert.Equal(t, 11*time.Second, time.Since(begin), "no connection")
		require.NoError(t, c.conn.Close())
	})
}

// In virtual time a stream has no lag at all, and an answer may take most of a day.
func TestStreamInVirtualTime(t *testing.T) {
	inBubble(t, nil, func(rw http.ResponseWriter, r *http.Request) {
		for range 100 {
			_, _ = io.WriteString(rw, "data: x\n\n")
			rw.(http.Flusher).Flush()
			<-time.After(9 * time.Minute)
		}
	}, func(t *testing.T, b *bubble) {
		c := b.tunnel()
		begin := time.Now()
		c.send("GET / HTTP/1.1\nHost: alpha.invalid\n\n")
		resp, err := http.ReadResponse(c.br, nil)
		require.NoError(t, err)
		for i := range 100 {
			_, err := io.ReadFull(resp.Body, make([]byte, 9))
			require.NoError(t, err)
			require.Equal(t, time.Duration(i)*9*time.Minute, time.Since(begin))
		}
		_, err = resp.Body.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
		_ = c.conn.Close()
	})
}

// Whoever is between us and the upstream may read the body in a goroutine of its own and
// never stop: the client is let go of all the same.
func TestStalledUploadToAnIndifferentTransport(t *testing.T) {
	ended := make(chan error, 1)
	inBubble(t, func(c *proxy.Config) {
		c.MaxReplayBytes = -1
		c.WrapUpstream = func(http.RoundTripper) http.RoundTripper { return indifferent{ended} }
	}, nil, func(t *testing.T, b *bubble) {
		for _, unread := range []int{1, 100_000} {
			c := b.tunnel()
			c.send(fmt.Sprintf("POST / HTTP/1.1\nHost: alpha.invalid\nContent-Length: %d\n\n", 2<<20+unread))
			_, err := c.conn.Write(make([]byte, 2<<20))
			require.NoError(t, err)
			assert.Equal(t, 413, c.read("POST").StatusCode)
			assert.Less(t, c.lifetime(), time.Second)
			assert.Error(t, <-ended)
		}
	})
}

type indifferent struct{ ended chan error }

func (i indifferent) RoundTrip(r *http.Request) (*http.Response, error) {
	go func() {
		_, err := io.Copy(io.Discard, r.Body)
		i.ended <- err
	}()
	<-time.After(time.Second)
	return &http.Response{StatusCode: 413, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

// An upstream that leaves while the client has stopped in the middle of its upload is a
// failure at once, and not when the client goes on.
func TestUpstreamGoneDuringAStalledUpload(t *testing.T) {
	inBubble(t, func(c *proxy.Config) { c.MaxReplayBytes = -1 }, func(rw http.ResponseWriter, r *http.Request) {
		conn, _, err := rw.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		<-time.After(time.Second)
		_ = conn.Close()
	}, func(t *testing.T, b *bubble) {
		c := b.tunnel()
		begin := time.Now()
		c.send("POST / HTTP/1.1\nHost: alpha.invalid\nContent-Length: 2100000\n\n")
		_, err := c.conn.Write(make([]byte, 2<<20))
		require.NoError(t, err)
		got := c.read("POST")
		assert.Equal(t, 502, got.StatusCode)
		assert.True(t, got.Close)
		assert.Equal(t, time.Second, time.Since(begin))
		assert.Less(t, c.lifetime(), time.Minute)
	})
}

// The upload of a client that stalls is let go of without freezing time: no lock is
// held across it.
func TestStalledUploadInVirtualTime(t *testing.T) {
	inBubble(t, func(c *proxy.Config) { c.MaxReplayBytes = -1 }, func(rw http.ResponseWriter, r *http.Request) {
		// Answers, and neither reads nor closes: the gateway's sender is waiting for the
		// client when the answer is complete.
		conn, _, err := rw.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		<-time.After(time.Second)
		_, _ = io.WriteString(conn, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
		<-time.After(time.Hour)
		_ = conn.Close()
	}, func(t *testing.T, b *bubble) {
		c := b.tunnel()
		c.send("POST / HTTP/1.1\nHost: alpha.invalid\nContent-Length: 2100000\n\n")
		_, err := c.conn.Write(make([]byte, 2<<20))
		require.NoError(t, err)
		assert.Equal(t, 413, c.read("POST").StatusCode)
		assert.Less(t, c.lifetime(), time.Minute)
		pass(2 * time.Hour)
	})
}
