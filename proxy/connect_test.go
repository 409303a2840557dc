package proxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

func TestConnectAuthority(t *testing.T) {
	w := newWorld(t, func(c *proxy.Config) { c.Tokens = []string{"token"} })
	w.upstream(http.NotFoundHandler(), "raw.invalid:443")
	w.at("[2a00::1]:443", w.hosts["raw.invalid:443"])
	w.source.set(row("alpha", "https://alpha.invalid"))
	w.reload()
	long := strings.Repeat("a", 64)
	for target, want := range map[string]int{
		"alpha.invalid:443":       200,
		"ALPHA.Invalid:443":       200,
		"alpha.invalid.:443":      200,
		"alpha.invalid:00443":     200,
		"alpha.invalid:0000443":   200,
		"raw.invalid:443":         200,
		"[2a00::1]:443":           200,
		"alpha.invalid:80":        200,
		"alpha.invalid":           400,
		"alpha.invalid:":          400,
		":443":                    400,
		"alpha.invalid:0":         400,
		"alpha.invalid:65536":     400,
		"alpha.invalid:123456":    400,
		"alpha.invalid:+443":      400,
		"alpha.invalid:443x":      400,
		"alpha.invalid:https":     400,
		"alpha.invalid:443/":      400,
		"alpha.invalid:443/path":  400,
		"alpha.invalid:443?q":     400,
		"alpha.invalid:443#f":     400,
		"user@alpha.invalid:443":  400,
		"u:p@alpha.invalid:443":   400,
		"alpha..invalid:443":      400,
		".alpha.invalid:443":      400,
		"alpha.invalid..:443":     400,
		".:443":                   400,
		"alpha_1.invalid:443":     502, // service names have underscores; nobody is there
		"al%70ha.invalid:443":     400,
		"[alpha.invalid]:443":     400,
		"[::1%25eth0]:443":        400,
		"[127.0.0.1]:443":         400,
		"::1:443":                 400,
		"/alpha.invalid:443":      400,
		"/":                       400,
		"https://alpha.invalid":   400,
		long + ".invalid:443":     400,
		"bücher.invalid:443":      400,
		"alpha.invalid:443:443":   400,
		"nowhere.invalid:443":     502,
		"alpha.invalid:8443":      403,
		"alpha.invalid:22":        403,
		"alpha.invalid:444":       403,
		"raw.invalid:444":         403,
		"[2001:db8::1]:22":        403,
		"alpha.invalid:443,x:443": 400,
	} {
		t.Run(target, func(t *testing.T) {
			got := w.exchangeRaw("CONNECT " + target + " HTTP/1.1\nHost: alpha.invalid\nProxy-Authorization: Basic " + b64("u:token") + "\n\n")
			assert.Equal(t, want, got.StatusCode, got.body)
			assert.NotContains(t, got.body, "no such host", "no internal error text")
			assert.NotContains(t, got.body, "proxy:")
		})
	}
	assert.NotContains(t, w.logs.String(), "u:p", "user information is nobody's business")
}

// Syntax comes before the token, the token before the port.
func TestConnectOrderOfRefusals(t *testing.T) {
	w := newWorld(t, func(c *proxy.Config) { c.Tokens = []string{"token"} })
	assert.Equal(t, 400, w.exchangeRaw("CONNECT nonsense HTTP/1.1\nHost: x\n\n").StatusCode)
	assert.Equal(t, 407, w.exchangeRaw("CONNECT a.invalid:22 HTTP/1.1\nHost: x\n\n").StatusCode)
}

func TestConnectPortsAreConfigurable(t *testing.T) {
	w := newWorld(t, func(c *proxy.Config) { c.ConnectPorts = []int{8443} })
	w.source.set(row("alpha", "https://alpha.invalid"))
	w.reload()
	for port, want := range map[string]int{"8443": 200, "443": 403, "80": 403} {
		assert.Equal(t, want, w.exchangeRaw("CONNECT alpha.invalid:"+port+" HTTP/1.1\nHost: x\n\n").StatusCode, port)
	}
}

func TestTunnelDeny(t *testing.T) {
	w := newWorld(t, func(c *proxy.Config) { c.Tunnel = proxy.TunnelDeny })
	w.upstream(http.NotFoundHandler(), "raw.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid"))
	w.reload()
	assert.Equal(t, 403, w.exchangeRaw("CONNECT raw.invalid:443 HTTP/1.1\nHost: x\n\n").StatusCode)
	assert.Equal(t, 200, w.exchangeRaw("CONNECT alpha.invalid:443 HTTP/1.1\nHost: x\n\n").StatusCode)
	assert.Empty(t, w.dialled())
}

func TestAnythingButConnectIsToldHow(t *testing.T) {
	w := newWorld(t, nil)
	for _, lines := range []string{
		"GET / HTTP/1.1\nHost: gateway\n\n",
		"GET ftp://alpha.invalid/ HTTP/1.1\nHost: alpha.invalid\n\n",
		"GET https://alpha.invalid/ HTTP/1.1\nHost: alpha.invalid\n\n",
		"POST /v1/chat HTTP/1.1\nHost: gateway\nContent-Length: 2\n\n{}",
		"OPTIONS * HTTP/1.1\nHost: gateway\n\n",
	} {
		got := w.exchangeRaw(lines)
		assert.Equal(t, 400, got.StatusCode, lines)
		assert.Contains(t, got.body, "HTTPS_PROXY", lines)
		assert.NotEmpty(t, got.Header.Get(proxy.HeaderRequestID))
	}
	assert.Empty(t, w.dialled())
}

// A client may send its ClientHello without waiting for the answer to CONNECT.
func TestBytesBehindConnectAreNotLost(t *testing.T) {
	w := newWorld(t, nil)
	w.upstream(http.HandlerFunc(echoKey), "alpha.invalid:443", "raw.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
	w.reload()
	for _, host := range []string{"alpha.invalid", "raw.invalid"} {
		conn, err := net.Dial("tcp", w.addr)
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
		eager := &eagerConn{Conn: conn, connect: "CONNECT " + host + ":443 HTTP/1.1\r\nHost: x\r\n\r\n"}
		client := tls.Client(eager, &tls.Config{RootCAs: w.roots, ServerName: host})
		require.NoError(t, client.Handshake(), host)
		tunnel := &rawTunnel{t: t, conn: client, br: bufio.NewReader(client)}
		assert.Equal(t, 200, tunnel.get(host, "/x").StatusCode, host)
	}
}

// eagerConn sends CONNECT and the first write as one, and reads past the answer.
type eagerConn struct {
	net.Conn
	connect string
	br      *bufio.Reader
}

func (c *eagerConn) Write(p []byte) (int, error) {
	if c.connect != "" {
		_, err := c.Conn.Write(append([]byte(c.connect), p...))
		c.connect = ""
		return len(p), err
	}
	return c.Conn.Write(p)
}

func (c *eagerConn) Read(p []byte) (int, error) {
	if c.br == nil {
		c.br = bufio.NewReader(c.Conn)
		if _, err := http.ReadResponse(c.br, &http.Request{Method: http.MethodConnect}); err != nil {
			return 0, err
		}
	}
	return c.br.Read(p)
}

// Each direction of a raw tunnel ends by itself.
func TestRawTunnelHalfClose(t *testing.T) {
	w := newWorld(t, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	w.at("raw.invalid:443", l.Addr().String())
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		all, _ := io.ReadAll(conn) // the answer needs the end of the question
		_, _ = io.WriteString(conn, "got "+string(all))
	}()
	raw, resp := w.connect("raw.invalid:443", "")
	require.Equal(t, 200, resp.StatusCode)
	raw.send("question")
	require.NoError(t, raw.conn.(*net.TCPConn).CloseWrite())
	all, err := io.ReadAll(raw.br)
	require.NoError(t, err)
	assert.Equal(t, "got question", string(all))
}

// A client that leaves while the destination is being dialled cancels the dial.
func TestClientGoneCancelsTheDialOfARawTunnel(t *testing.T) {
	dialling, gone := make(chan struct{}), make(chan error, 1)
	w := newWorld(t, func(c *proxy.Config) {
		c.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			close(dialling)
			<-ctx.Done()
			gone <- ctx.Err()
			return nil, ctx.Err()
		}
	})
	conn, err := net.Dial("tcp", w.addr)
	require.NoError(t, err)
	_, err = io.WriteString(conn, "CONNECT raw.invalid:443 HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	<-dialling
	require.NoError(t, conn.Close())
	select {
	case err := <-gone:
		assert.ErrorIs(t, err, context.Canceled)
	case <-time.After(10 * time.Second):
		t.Fatal("the dial goes on for nobody")
	}
}

func TestCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed: nothing but Go's own client is tested against the gateway")
	}
	w := newWorld(t, func(c *proxy.Config) { c.Tokens = []string{"token"} })
	w.upstream(http.HandlerFunc(echoKey), "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid/v1", "sk-1"))
	w.reload()
	run := func(args ...string) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, curl, append([]string{"-q", "-sS"}, args...)...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	ca := t.TempDir() + "/ca.pem"
	require.NoError(t, writeFile(ca, w.server.CA().PEM()))
	through := (&url.URL{Scheme: "http", User: url.UserPassword("u", "token"), Host: w.addr}).String()

	out, err := run("-x", through, "--cacert", ca, "-d", "{}", "https://alpha.invalid/chat?x=1", "https://alpha.invalid/second")
	require.NoError(t, err, out)
	assert.Equal(t, "POST /v1/chat?x=1 auth=Bearer sk-1 key=POST /v1/second auth=Bearer sk-1 key=", out)

	out, err = run("-x", "http://"+w.addr, "--cacert", ca, "https://alpha.invalid/")
	var exit *exec.ExitError
	require.True(t, errors.As(err, &exit), out)
	assert.Contains(t, out, "407")
}
