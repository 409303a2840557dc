package proxy_test

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// rawTunnel is a CONNECT by hand: what the test writes is what is sent.
type rawTunnel struct {
	t     testing.TB
	conn  net.Conn
	br    *bufio.Reader
	ended *atomic.Bool // inside TLS: the network ended, without a close_notify before
}

// endConn notes the end of the network.
type endConn struct {
	net.Conn
	ended *atomic.Bool
}

func (c endConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == io.EOF {
		c.ended.Store(true)
	}
	return n, err
}

// connect sends a CONNECT and returns the connection and the answer.
func (w *world) connect(target, token string) (*rawTunnel, *http.Response) {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.addr)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = conn.Close() })
	require.NoError(w.t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	auth := ""
	if token != "" {
		auth = "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("u:"+token)) + "\r\n"
	}
	_, err = fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", target, target, auth)
	require.NoError(w.t, err)
	br := bufio.NewReader(conn)
	resp, err := http.ReadResponse(br, &http.Request{Method: http.MethodConnect})
	require.NoError(w.t, err)
	return &rawTunnel{t: w.t, conn: conn, br: br}, resp
}

// tunnel opens an intercepted tunnel and shakes hands.
func (w *world) tunnel(target, token string) *rawTunnel {
	w.t.Helper()
	host, _, err := net.SplitHostPort(target)
	require.NoError(w.t, err)
	return w.tunnelAs(target, token, &tls.Config{RootCAs: w.roots, ServerName: host})
}

func (w *world) tunnelAs(target, token string, cfg *tls.Config) *rawTunnel {
	w.t.Helper()
	raw, resp := w.connect(target, token)
	require.Equal(w.t, http.StatusOK, resp.StatusCode)
	ended := &atomic.Bool{}
	client := tls.Client(endConn{raw.conn, ended}, cfg)
	require.NoError(w.t, client.Handshake())
	return &rawTunnel{t: w.t, conn: client, br: bufio.NewReader(client), ended: ended}
}

// send writes bytes, with every \n made \r\n.
func (c *rawTunnel) send(lines string) {
	c.t.Helper()
	_, err := io.WriteString(c.conn, strings.ReplaceAll(lines, "\n", "\r\n"))
	require.NoError(c.t, err)
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
	err  error // of reading the body
}

func (c *rawTunnel) read(method string) answer {
	c.t.Helper()
	resp, err := http.ReadResponse(c.br, &http.Request{Method: method})
	require.NoError(c.t, err)
	body, err := io.ReadAll(resp.Body)
	return answer{resp, string(body), err}
}

// get sends a GET with the given header lines and returns the answer.
func (c *rawTunnel) get(host, path string, headers ...string) answer {
	c.t.Helper()
	c.send("GET " + path + " HTTP/1.1\nHost: " + host + "\n")
	for _, h := range headers {
		c.send(h + "\n")
	}
	c.send("\n")
	return c.read(http.MethodGet)
}

func fetch(t *testing.T, c *http.Client, req *http.Request) answer {
	t.Helper()
	resp, err := c.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp, string(body), err}
}

func request(t *testing.T, method, target, body string, headers ...string) *http.Request {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, target, r)
	require.NoError(t, err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Add(name, value)
	}
	return req
}

// tunnelAgain opens another tunnel to the host of one that a reload has made stale: the
// route comes back for the CONNECT and goes again.
func (w *world) tunnelAgain(c *rawTunnel) *rawTunnel {
	w.t.Helper()
	_ = c.conn.Close()
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
	w.reload()
	again := w.tunnel("alpha.invalid:443", "")
	w.source.set()
	w.reload()
	return again
}
