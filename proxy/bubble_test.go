package proxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
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
		cfg := proxy.Config{Source: b.source, Dial: b.net.dial, RootCAs: ca.pool()}
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
	raw := b.connect(host + ":443")
	client := tls.Client(raw.conn, &tls.Config{RootCAs: b.roots, ServerName: host})
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

// A request that takes its time is waited for, and what rests is closed at once.
func TestShutdownLetsRequestsFinish(t *testing.T) {
	inBubble(t, nil, func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(rw, "first ")
		rw.(http.Flusher).Flush()
		<-time.After(time.Minute)
		_, _ = io.WriteString(rw, "second")
	}, func(t *testing.T, b *bubble) {
		used := b.tunnel()
		require.Equal(t, "first second", used.get("alpha.invalid", "/").body)
		fresh, busy, handshaking := b.tunnel(), b.tunnel(), b.connect("alpha.invalid:443")
		outer, err := b.net.dial(t.Context(), "tcp", "gateway:1")
		require.NoError(t, err)
		begin := time.Now()
		busy.send("GET /x HTTP/1.1\nHost: alpha.invalid\n\n")
		synctest.Wait()

		down := make(chan error, 2)
		for range 2 { // twice at the same time is as good as once
			go func() { down <- b.server.Shutdown(context.WithoutCancel(t.Context())) }()
		}
		synctest.Wait()
		for name, c := range map[string]*rawTunnel{"fresh": fresh, "used": used, "handshaking": handshaking,
			"outer": {t: t, conn: outer, br: bufio.NewReader(outer)}} {
			_, err := c.br.ReadByte()
			assert.ErrorIs(t, err, io.EOF, name)
			_ = c.conn.Close()
		}
		_, err = b.net.dial(t.Context(), "tcp", "gateway:1")
		assert.Error(t, err, "nobody else gets in")
		assert.Empty(t, down, "and it waits")
		assert.Zero(t, time.Since(begin))

		got := busy.read(http.MethodGet)
		assert.NoError(t, got.err)
		assert.Equal(t, "first second", got.body)
		assert.NoError(t, <-down)
		assert.NoError(t, <-down)
		assert.Equal(t, time.Minute, time.Since(begin), "no longer than the request")
		_ = busy.conn.Close()
	})
}

// An answer that begins while the server drains says that it is the last one, also
// one of the gateway's own.
func TestDrainingSaysClose(t *testing.T) {
	for path, want := range map[string]int{"/": 200, "/fails": 502} {
		inBubble(t, nil, func(rw http.ResponseWriter, r *http.Request) {
			<-time.After(time.Minute)
			if r.URL.Path == "/fails" {
				panic(http.ErrAbortHandler)
			}
		}, func(t *testing.T, b *bubble) {
			c := b.tunnel()
			c.send("GET " + path + " HTTP/1.1\nHost: alpha.invalid\n\n")
			synctest.Wait()
			go func() { _ = b.server.Shutdown(context.WithoutCancel(t.Context())) }()
			got := c.read(http.MethodGet)
			assert.Equal(t, want, got.StatusCode)
			assert.True(t, got.Close)
			_ = c.conn.Close()
		})
	}
}

// A connection that slips in while the listener closes is not left waiting.
func TestAConnectionThatComesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := proxy.New(proxy.Config{Source: proxy.Static{}, HeaderTimeout: -1})
		require.NoError(t, err)
		near, far := memPipe("192.0.2.7:1", "gateway:1")
		l := &lateListener{memListener: newMemListener("gateway:1"), last: far}
		served := make(chan error, 1)
		go func() { served <- s.Serve(l) }()
		synctest.Wait()
		require.NoError(t, s.Shutdown(t.Context()))
		require.ErrorIs(t, <-served, http.ErrServerClosed)
		_, err = near.Read(make([]byte, 1))
		assert.ErrorIs(t, err, io.EOF)
	})
}

// lateListener accepts one more connection after it was closed.
type lateListener struct {
	*memListener
	last net.Conn
}

func (l *lateListener) Accept() (net.Conn, error) {
	conn, err := l.memListener.Accept()
	if err != nil && l.last != nil {
		conn, l.last = l.last, nil
		return conn, nil
	}
	return conn, err
}

// A handler that waits for its context is told when the time is up, also where
// net/http cannot notice that the client is gone, since the body is not read.
func TestShutdownCutsAHandlerWithAnUnreadBody(t *testing.T) {
	inBubble(t, func(c *proxy.Config) {
		c.WrapBridge = func(http.Handler) http.Handler {
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		}
	}, nil, func(t *testing.T, b *bubble) {
		c := b.tunnel()
		c.send("POST / HTTP/1.1\nHost: alpha.invalid\nContent-Length: 5\n\n")
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.ErrorIs(t, b.server.Shutdown(ctx), context.DeadlineExceeded)
		_ = c.conn.Close()
	})
}

// When the time is up, requests, raw tunnels, dials and handshakes are cut.
func TestShutdownCuts(t *testing.T) {
	cancelled := false
	inBubble(t, func(c *proxy.Config) {
		dial := c.Dial
		c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == "hangs.invalid:443" || address == "provider.invalid:443" {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return dial(ctx, network, address)
		}
	}, func(rw http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		cancelled = true
	}, func(t *testing.T, b *bubble) {
		b.source.set(row("alpha", "https://alpha.invalid", "sk-1"), row("hangs", "https://provider.invalid"))
		require.NoError(t, b.server.Reload(t.Context()))
		raw := b.net.listen("raw.invalid:443")
		accepted := make(chan net.Conn, 1)
		go func() {
			conn, _ := raw.Accept()
			accepted <- conn
		}()
		busy, tunneled := b.tunnel(), b.connect("raw.invalid:443")
		busy.send("GET / HTTP/1.1\nHost: alpha.invalid\n\n")
		stuck := b.tunnelTo("provider.invalid")
		stuck.send("GET / HTTP/1.1\nHost: provider.invalid\n\n")
		dialling, err := b.net.dial(t.Context(), "tcp", "gateway:1")
		require.NoError(t, err)
		_, err = io.WriteString(dialling, "CONNECT hangs.invalid:443 HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		synctest.Wait()

		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		begin := time.Now()
		assert.ErrorIs(t, b.server.Shutdown(ctx), context.DeadlineExceeded)
		assert.Equal(t, 30*time.Second, time.Since(begin))
		synctest.Wait()
		assert.True(t, cancelled, "the upstream's request as well")
		far := <-accepted
		_, err = far.Read(make([]byte, 1))
		assert.ErrorIs(t, err, io.EOF, "both ends of a raw tunnel")
		for _, c := range []*rawTunnel{busy, tunneled, stuck} {
			_, err = c.br.ReadByte()
			assert.Error(t, err)
			_ = c.conn.Close()
		}
		_ = far.Close()
		_ = dialling.Close()
		assert.NoError(t, b.server.Shutdown(t.Context()), "idempotent")
	})
}

// A raw tunnel that ends by itself is not waited for any longer.
func TestShutdownWaitsForRawTunnels(t *testing.T) {
	inBubble(t, nil, nil, func(t *testing.T, b *bubble) {
		raw := b.net.listen("raw.invalid:443")
		go func() {
			conn, _ := raw.Accept()
			<-time.After(time.Minute)
			_, _ = io.WriteString(conn, "bye")
			_ = conn.Close()
		}()
		c := b.connect("raw.invalid:443")
		begin := time.Now()
		down := make(chan error, 1)
		go func() { down <- b.server.Shutdown(context.WithoutCancel(t.Context())) }()
		all, err := io.ReadAll(c.br)
		assert.NoError(t, err)
		assert.Equal(t, "bye", string(all))
		require.NoError(t, c.conn.Close())
		assert.NoError(t, <-down)
		assert.Equal(t, time.Minute, time.Since(begin))
	})
}

// A server that was never served, or has nothing to do, is down at once.
func TestShutdownOfAnIdleServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := proxy.New(proxy.Config{Source: proxy.Static{}})
		require.NoError(t, err)
		require.NoError(t, s.Shutdown(t.Context()))
		l := newMemListener("gateway:1")
		assert.ErrorIs(t, s.Serve(l), http.ErrServerClosed)
		_, err = l.Accept()
		assert.ErrorIs(t, err, net.ErrClosed)
	})
	inBubble(t, nil, nil, func(*testing.T, *bubble) {})
}

// In virtual time a stream has no lag at all, and an answer may take a day.
func TestStreamInVirtualTime(t *testing.T) {
	inBubble(t, nil, func(rw http.ResponseWriter, r *http.Request) {
		for range 100 {
			_, _ = io.WriteString(rw, "data: x\n\n")
			rw.(http.Flusher).Flush()
			<-time.After(15 * time.Minute)
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
			require.Equal(t, time.Duration(i)*15*time.Minute, time.Since(begin))
		}
		_, err = resp.Body.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
		_ = c.conn.Close()
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
		c.send("POST / HTTP/1.1\nHost: alpha.invalid\nContent-Length: 9000000\n\n")
		_, err := c.conn.Write(make([]byte, 2<<20))
		require.NoError(t, err)
		assert.Equal(t, 413, c.read("POST").StatusCode)
		assert.Less(t, c.lifetime(), time.Minute)
		pass(2 * time.Hour)
	})
}
