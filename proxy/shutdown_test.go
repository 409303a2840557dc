package proxy_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

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

// A connection that slips in while the listener closes is let go at once, whether the
// server is down by then or still has something to finish.
func TestAConnectionThatComesLate(t *testing.T) {
	for _, busy := range []bool{false, true} {
		inBubble(t, nil, func(rw http.ResponseWriter, r *http.Request) { <-time.After(time.Second) }, func(t *testing.T, b *bubble) {
			near, far := memPipe("192.0.2.7:1", "gateway:2")
			l := &lateListener{memListener: newMemListener("gateway:2"), last: far}
			served, down := make(chan error, 1), make(chan error, 1)
			go func() { served <- b.server.Serve(l) }()
			if busy {
				c := b.tunnel()
				defer c.conn.Close()
				c.send("GET / HTTP/1.1\nHost: alpha.invalid\n\n")
			}
			synctest.Wait()
			go func() { down <- b.server.Shutdown(context.WithoutCancel(t.Context())) }()
			begin := time.Now()
			_, err := near.Read(make([]byte, 1))
			assert.ErrorIs(t, err, io.EOF)
			assert.Zero(t, time.Since(begin))
			require.NoError(t, <-down)
			require.ErrorIs(t, <-served, http.ErrServerClosed)
		})
	}
}

// A dial that its request no longer needs, because another connection became free, is
// nobody's any more, and ends with the server.
func TestShutdownEndsAForgottenDial(t *testing.T) {
	inBubble(t, func(c *proxy.Config) {
		dial, first := c.Dial, true
		c.DialTimeout = -1
		c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if !first {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			first = false
			return dial(ctx, network, address)
		}
	}, func(rw http.ResponseWriter, r *http.Request) {
		<-time.After(time.Second)
	}, func(t *testing.T, b *bubble) {
		one, two := b.tunnel(), b.tunnel()
		one.send("GET / HTTP/1.1\nHost: alpha.invalid\n\n")
		synctest.Wait()
		assert.Equal(t, 200, two.get("alpha.invalid", "/").StatusCode, "by the first one's connection")
		assert.Equal(t, 200, one.read("GET").StatusCode)
		_ = one.conn.Close()
		_ = two.conn.Close()
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
		c.DialTimeout = -1
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
			got, err := io.ReadAll(c.br)
			assert.Empty(t, string(got))
			assert.True(t, err == nil || errors.Is(err, io.ErrUnexpectedEOF), err)
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
