package proxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// secure serves the gateway over TLS as gateway.invalid, and returns the address.
func (w *world) secure(config *tls.Config) string {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(w.t, err)
	go func() {
		// Shutdown waits for it.
		if err := w.server.ServeTLS(l, config); err != http.ErrServerClosed {
			w.t.Errorf("ServeTLS: %v", err)
		}
	}()
	return l.Addr().String()
}

// dialSecure connects to a listener with TLS and shakes hands.
func (w *world) dialSecure(address string, protocols ...string) (*tls.Conn, error) {
	conn, err := net.Dial("tcp", address)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = conn.Close() })
	require.NoError(w.t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	client := tls.Client(conn, &tls.Config{RootCAs: w.ca.pool(), ServerName: "gateway.invalid", NextProtos: protocols})
	return client, client.Handshake()
}

// secureWorld is a world with a provider, a raw host and a listener with TLS.
func secureWorld(t *testing.T) (w *world, address string) {
	w = newWorld(t, func(c *proxy.Config) { c.Tokens = []string{"token"} })
	w.upstream(http.HandlerFunc(echoKey), "alpha.invalid:443", "raw.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid/v1", "sk-1"))
	w.reload()
	return w, w.secure(&tls.Config{Certificates: []tls.Certificate{w.ca.leaf("gateway.invalid")}, NextProtos: []string{"h2"}})
}

// Everything that a listener does without TLS, it does with it; both serve at once.
func TestServeTLS(t *testing.T) {
	w, address := secureWorld(t)
	for target, want := range map[string]string{
		"alpha.invalid": "GET /v1/x auth=Bearer sk-1 key=",
		"raw.invalid":   "GET /x auth= key=",
	} {
		outer, err := w.dialSecure(address, "h2", "http/1.1")
		require.NoError(t, err)
		assert.Equal(t, "http/1.1", outer.ConnectionState().NegotiatedProtocol)
		raw, resp := connectOver(t, outer, target+":443", "token")
		require.Equal(t, 200, resp.StatusCode)
		inner := tls.Client(raw.conn, &tls.Config{RootCAs: w.roots, ServerName: target})
		require.NoError(t, inner.Handshake())
		c := &rawTunnel{t: t, conn: inner, br: bufio.NewReader(inner)}
		for range 2 {
			assert.Equal(t, want, c.get(target, "/x").body)
		}
		require.NoError(t, inner.Close())
	}
	outer, err := w.dialSecure(address)
	require.NoError(t, err)
	raw, resp := connectOver(t, outer, "alpha.invalid:443", "")
	assert.Equal(t, 407, resp.StatusCode)
	readAnswer(t, resp)
	_, resp = connectOver(t, raw.conn, "alpha.invalid:443", "token")
	assert.Equal(t, 200, resp.StatusCode, "on the same connection")

	assert.Equal(t, "GET /v1/x auth=Bearer sk-1 key=", w.tunnel("alpha.invalid:443", "token").get("alpha.invalid", "/x").body)
}

// What a client sends together with its CONNECT is not lost.
func TestReadAheadOverTLS(t *testing.T) {
	w, address := secureWorld(t)
	outer, err := w.dialSecure(address)
	require.NoError(t, err)
	both := &together{Conn: outer, first: "CONNECT alpha.invalid:443 HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic " + b64("u:token") + "\r\n\r\n"}
	inner := tls.Client(both, &tls.Config{RootCAs: w.roots, ServerName: "alpha.invalid"})
	require.NoError(t, inner.Handshake())
	c := &rawTunnel{t: t, conn: inner, br: bufio.NewReader(inner)}
	assert.Equal(t, 200, c.get("alpha.invalid", "/x").StatusCode)
}

// together sends a CONNECT in front of what is written first, and takes its answer away.
type together struct {
	net.Conn
	first string
	br    *bufio.Reader
}

func (c *together) Write(p []byte) (int, error) {
	n := len(p)
	if c.first != "" {
		p, c.first = append([]byte(c.first), p...), ""
	}
	_, err := c.Conn.Write(p)
	return n, err
}

func (c *together) Read(p []byte) (int, error) {
	if c.br == nil {
		c.br = bufio.NewReader(c.Conn)
		if _, err := http.ReadResponse(c.br, &http.Request{Method: http.MethodConnect}); err != nil {
			return 0, err
		}
	}
	return c.br.Read(p)
}

func TestRawTunnelHalfCloseOverTLS(t *testing.T) {
	w, address := secureWorld(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	w.at("half.invalid:443", l.Addr().String())
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		all, _ := io.ReadAll(conn) // until the client has said that this is all
		_, _ = conn.Write(append([]byte("got "), all...))
		_ = conn.Close()
	}()
	outer, err := w.dialSecure(address)
	require.NoError(t, err)
	raw, resp := connectOver(t, outer, "half.invalid:443", "token")
	require.Equal(t, 200, resp.StatusCode)
	raw.send("question")
	require.NoError(t, outer.CloseWrite())
	all, err := io.ReadAll(raw.br)
	require.NoError(t, err, "the end is a close_notify")
	assert.Equal(t, "got question", string(all))
}

func TestWhatAListenerWithTLSRefuses(t *testing.T) {
	w, address := secureWorld(t)
	_, err := w.dialSecure(address, "h2")
	assert.ErrorContains(t, err, "no application protocol")

	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	_, resp := connectOver(t, conn, "alpha.invalid:443", "token")
	got := readAnswer(t, resp)
	assert.Equal(t, 400, got.StatusCode)
	assert.Equal(t, "Bad Request: this proxy is reached by TLS: set it as https://", got.body)
}

// A configuration that is chosen per client is held to HTTP/1.1 as well.
func TestServeTLSWithConfigsPerClient(t *testing.T) {
	w, _ := secureWorld(t)
	chosen := &tls.Config{Certificates: []tls.Certificate{w.ca.leaf("gateway.invalid")}, NextProtos: []string{"h2", "http/1.1"}}
	address := w.secure(&tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return chosen, nil }})
	outer, err := w.dialSecure(address, "h2", "http/1.1")
	require.NoError(t, err)
	assert.Equal(t, "http/1.1", outer.ConnectionState().NegotiatedProtocol)
	_, resp := connectOver(t, outer, "alpha.invalid:443", "token")
	assert.Equal(t, 200, resp.StatusCode)
	assert.Equal(t, []string{"h2", "http/1.1"}, chosen.NextProtos, "it is the caller's")
}

func TestServeTLSWithoutACertificate(t *testing.T) {
	s, err := proxy.New(proxy.Config{Source: proxy.Static{}})
	require.NoError(t, err)
	for _, config := range []*tls.Config{nil, {}} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		assert.ErrorIs(t, s.ServeTLS(l, config), proxy.ErrConfig)
		_, err = l.Accept()
		assert.ErrorIs(t, err, net.ErrClosed)
	}
}

func TestCurlOverTLS(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed: nothing but Go's own client is tested against the listener")
	}
	w, address := secureWorld(t)
	_, port, _ := net.SplitHostPort(address)
	gatewayCA, ca := t.TempDir()+"/gateway.pem", t.TempDir()+"/ca.pem"
	require.NoError(t, writeFile(gatewayCA, w.ca.pem()))
	require.NoError(t, writeFile(ca, w.server.CA().PEM()))
	through := (&url.URL{Scheme: "https", User: url.UserPassword("u", "token"), Host: "gateway.invalid:" + port}).String()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, curl, "-q", "-sS", "--resolve", "gateway.invalid:"+port+":127.0.0.1", "--proxy", through, "--proxy-cacert", gatewayCA,
		"--cacert", ca, "https://alpha.invalid/x", "https://alpha.invalid/second").CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Equal(t, "GET /v1/x auth=Bearer sk-1 key=GET /v1/second auth=Bearer sk-1 key=", string(out))
}

// secure serves the bubble's gateway over TLS, and returns what dials it. Those who shake
// hands take two seconds to begin.
func (b *bubble) secure() (bare func() net.Conn, shaken func() *tls.Conn) {
	ca := newTestCA(b.t)
	l := b.net.listen("gateway:2")
	go func() {
		_ = b.server.ServeTLS(l, &tls.Config{Certificates: []tls.Certificate{ca.leaf("gateway.invalid")}})
	}()
	bare = func() net.Conn {
		conn, err := b.net.dial(b.t.Context(), "tcp", "gateway:2")
		require.NoError(b.t, err)
		return conn
	}
	return bare, func() *tls.Conn {
		conn := bare()
		pass(2 * time.Second)
		client := tls.Client(endConn{conn, &atomic.Bool{}}, &tls.Config{RootCAs: ca.pool(), ServerName: "gateway.invalid"})
		require.NoError(b.t, client.Handshake())
		return client
	}
}

// A handshake has its own limit, and the header the whole of its own after it.
func TestLimitsOfAListenerWithTLS(t *testing.T) {
	inBubble(t, limits, echoKey, func(t *testing.T, b *bubble) {
		bare, shaken := b.secure()
		life := func(conn net.Conn) time.Duration {
			return (&rawTunnel{t: t, conn: conn, br: bufio.NewReader(conn)}).lifetime()
		}
		assert.Equal(t, 3*time.Second, life(bare()), "no handshake")
		half := bare()
		_, err := half.Write([]byte{22, 3, 1, 2, 0, 1})
		require.NoError(t, err)
		assert.Equal(t, 3*time.Second, life(half), "half a handshake")
		assert.Equal(t, 5*time.Second, life(shaken()), "no request")
		raw, resp := connectOver(t, shaken(), "alpha.invalid:443", "")
		require.Equal(t, 200, resp.StatusCode)
		assert.Equal(t, 3*time.Second, raw.lifetime(), "no handshake inside")
	})
}

// Shutdown knows the connections of both layers: what rests or shakes hands is closed at
// once, a request is waited for, and a raw tunnel is cut when the time is up.
func TestShutdownOfAListenerWithTLS(t *testing.T) {
	inBubble(t, nil, func(rw http.ResponseWriter, r *http.Request) {
		<-time.After(time.Minute)
		_, _ = io.WriteString(rw, "answered")
	}, func(t *testing.T, b *bubble) {
		bare, shaken := b.secure()
		idle, handshaking := shaken(), bare()
		target := b.net.listen("raw.invalid:443")
		defer target.Close()
		accepted := make(chan net.Conn, 1)
		go func() {
			conn, err := target.Accept()
			if err == nil {
				accepted <- conn
			}
		}()
		raw, resp := connectOver(t, shaken(), "raw.invalid:443", "")
		require.Equal(t, 200, resp.StatusCode)
		tunnel, resp := connectOver(t, shaken(), "alpha.invalid:443", "")
		require.Equal(t, 200, resp.StatusCode)
		inner := tls.Client(tunnel.conn, &tls.Config{RootCAs: b.roots, ServerName: "alpha.invalid"})
		require.NoError(t, inner.Handshake())
		busy := &rawTunnel{t: t, conn: inner, br: bufio.NewReader(inner)}
		busy.send("GET / HTTP/1.1\nHost: alpha.invalid\n\n")
		synctest.Wait()

		begin := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		down := make(chan error, 1)
		go func() { down <- b.server.Shutdown(ctx) }()
		synctest.Wait()
		for name, conn := range map[string]net.Conn{"idle": idle, "handshaking": handshaking} {
			_, err := conn.Read(make([]byte, 1))
			assert.ErrorIs(t, err, io.EOF, name)
			_ = conn.Close()
		}
		assert.Zero(t, time.Since(begin))
		assert.Equal(t, "answered", busy.read(http.MethodGet).body)
		_ = inner.Close()

		assert.ErrorIs(t, <-down, context.DeadlineExceeded)
		assert.Equal(t, time.Hour, time.Since(begin))
		_, _ = io.Copy(io.Discard, raw.br)
		assert.True(t, raw.conn.(*tls.Conn).NetConn().(endConn).ended.Load(), "cut below TLS, without a goodbye")
		_ = raw.conn.Close()
		_ = (<-accepted).Close()
	})
}
