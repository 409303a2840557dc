package proxy_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

const asToken = "Proxy-Authorization: Basic dTp0b2tlbg==" // u:token

func withToken(c *proxy.Config) { c.Tokens = []string{"token"} }

// open connects to an address without any CONNECT.
func (w *world) open(address string) *rawTunnel {
	w.t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = conn.Close() })
	require.NoError(w.t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	return &rawTunnel{t: w.t, conn: conn, br: bufio.NewReader(conn)}
}

// inTheOpen serves handler without TLS as each of the given "host:port"s.
func (w *world) inTheOpen(handler http.Handler, hostports ...string) {
	w.t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.DisableGeneralOptionsHandler = true
	server.Start()
	w.t.Cleanup(server.Close)
	for _, hp := range hostports {
		w.at(hp, server.Listener.Addr().String())
	}
}

// showHeader answers with the request as it arrived.
func showHeader(rw http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(rw, r.Method+" "+r.RequestURI+" "+r.Host+"\n")
	_ = r.Header.Write(rw)
}

// Authority, token, port, guard: in that order, and by the rules of CONNECT.
func TestAbsoluteFormFollowsTheRulesOfConnect(t *testing.T) {
	w := newWorld(t, withToken)
	w.upstream(http.HandlerFunc(echoKey), "alpha.invalid:443")
	w.inTheOpen(http.HandlerFunc(echoKey), "plain.invalid:80", "private.invalid:80", "[2a00::1]:80")
	w.names.set("private.invalid", "10.1.2.3")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
	w.reload()
	for _, tt := range []struct {
		target, auth string
		want         int
	}{
		{"http://plain.invalid/x", asToken, 200},
		{"HTTP://Plain.Invalid:80/x", asToken, 200},
		{"http://plain.invalid", asToken, 200},
		{"http://plain.invalid?q", asToken, 200},
		{"http://[2a00::1]/x", asToken, 200},
		{"http://alpha.invalid/x", asToken, 200},
		{"http://alpha.invalid.:443/x", asToken, 200},
		{"http://user@plain.invalid/x", asToken, 400},
		{"http://plain.invalid@alpha.invalid/x", asToken, 400},
		{"http://plain.invalid:/x", asToken, 400},
		{"http://plain.invalid:0/x", asToken, 400},
		{"http://plain.invalid:80:80/x", asToken, 400},
		{"http://pl%61in.invalid/x", asToken, 400},
		{"http://plain.invalid#f", asToken, 400},
		{"http:///x", asToken, 400},
		{"http://::1/x", asToken, 400},
		{"http://user@plain.invalid/x", "", 400},
		{"https://alpha.invalid/x", asToken, 400},
		{"ftp://alpha.invalid/x", asToken, 400},
		{"http://plain.invalid/x", "", 407},
		{"http://plain.invalid/x", "Proxy-Authorization: Basic " + b64("u:wrong"), 407},
		{"http://alpha.invalid/x", "", 407},
		{"http://plain.invalid:22/x", "", 407},
		{"http://plain.invalid:22/x", asToken, 403},
		{"http://alpha.invalid:8080/x", asToken, 403},
		{"http://private.invalid/x", asToken, 403},
		{"http://127.0.0.1/x", asToken, 403},
		{"http://nowhere.invalid/x", asToken, 502},
	} {
		got := w.exchangeRaw("GET " + tt.target + " HTTP/1.1\nHost: plain.invalid\n" + strings.TrimPrefix(tt.auth+"\n", "\n") + "\n")
		assert.Equal(t, tt.want, got.StatusCode, "%s %s: %s", tt.target, tt.auth, got.body)
		if tt.want != 400 { // which net/http answers by itself when the URL does not parse
			assert.NotEmpty(t, got.Header.Get(proxy.HeaderRequestID), tt.target)
			assert.NotContains(t, got.body, "proxy:", "no internal error text")
		}
		switch {
		case tt.want == 407:
			assert.Equal(t, "Proxy Authentication Required", got.body)
			assert.Equal(t, `Basic realm="gatedrill"`, got.Header.Get("Proxy-Authenticate"))
		case strings.HasPrefix(tt.target, "https:"):
			assert.Contains(t, got.body, "CONNECT")
		case strings.HasPrefix(tt.target, "ftp:"):
			assert.Contains(t, got.body, "HTTP_PROXY")
		}
	}
	assert.NotContains(t, w.dialled(), "127.0.0.1:80")
}

func TestAbsoluteFormGuardExempts(t *testing.T) {
	w := newWorld(t, func(c *proxy.Config) { c.Exempt = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	w.inTheOpen(http.HandlerFunc(echoKey), "private.invalid:80")
	w.names.set("private.invalid", "10.1.2.3")
	assert.Equal(t, 200, w.exchangeRaw("GET http://private.invalid/x HTTP/1.1\nHost: x\n\n").StatusCode)
}

func TestAbsoluteFormTunnelDeny(t *testing.T) {
	w := newWorld(t, func(c *proxy.Config) { c.Tunnel = proxy.TunnelDeny })
	w.upstream(http.HandlerFunc(echoKey), "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
	w.reload()
	assert.Equal(t, 403, w.exchangeRaw("GET http://plain.invalid/ HTTP/1.1\nHost: x\n\n").StatusCode)
	assert.Equal(t, 200, w.exchangeRaw("GET http://alpha.invalid/ HTTP/1.1\nHost: x\n\n").StatusCode)
	assert.Equal(t, []string{"alpha.invalid:443"}, w.dialled())
}

// What is for no provider goes as the client sent it, less what concerns this gateway.
func TestAbsoluteFormIsForwardedAsItIs(t *testing.T) {
	w := newWorld(t, withToken)
	w.inTheOpen(http.HandlerFunc(showHeader), "plain.invalid:80")
	c := w.open(w.addr)
	c.send("GET http://Plain.Invalid:80/a%2Fb//c?q=%7e&&x HTTP/1.1\nHost: ignored.invalid\n" + asToken + "\n" +
		"Connection: close-me, keep-alive\nClose-Me: 1\nKeep-Alive: 5\nProxy-Connection: keep-alive\nProxy-Other: 1\nTE: trailers\n" +
		"Authorization: Bearer token\nX-Api-Key: mine\nAccept-Encoding: br\nX-Forwarded-For: 192.0.2.1\n\n")
	got := c.read(http.MethodGet)
	assert.Equal(t, "GET /a%2Fb//c?q=%7e&&x Plain.Invalid:80\nAccept-Encoding: br\r\nX-Api-Key: mine\r\nX-Forwarded-For: 192.0.2.1\r\n", got.body)
	assert.Equal(t, "own", got.Header.Get(proxy.HeaderCredential))
	c.send("OPTIONS http://plain.invalid HTTP/1.1\nHost: plain.invalid\n" + asToken + "\n\n")
	assert.Equal(t, "OPTIONS * plain.invalid\n", c.read(http.MethodOptions).body)
	c.send("POST http://plain.invalid HTTP/1.1\nHost: plain.invalid\nContent-Length: 2\n" + asToken + "\n\n{}")
	assert.Equal(t, "POST / plain.invalid\nContent-Length: 2\r\n", c.read(http.MethodPost).body)
	assert.Equal(t, []string{"plain.invalid:80"}, w.dialled(), "one upstream connection")
	assert.NotContains(t, strings.Join(scrape(t, w.server), "\n"), "mitm_requests_total", "it is nobody's request")
}

// A client that closes its connection does not close the upstream's.
func TestAbsoluteFormKeepsTheUpstreamConnection(t *testing.T) {
	w := newWorld(t, nil)
	w.inTheOpen(http.HandlerFunc(showHeader), "plain.invalid:80")
	w.upstream(http.HandlerFunc(showHeader), "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
	w.reload()
	for range 3 {
		for _, host := range []string{"plain.invalid", "alpha.invalid"} {
			got := w.exchangeRaw("GET http://" + host + "/ HTTP/1.1\nHost: x\nConnection: close\n\n")
			assert.NotContains(t, got.body, "Connection")
			assert.True(t, got.Close)
		}
	}
	assert.Equal(t, []string{"plain.invalid:80", "alpha.invalid:443"}, w.dialled())
}

// A configured provider's host is bridged, whatever the port and the scheme.
func TestAbsoluteFormIsBridged(t *testing.T) {
	w := newWorld(t, withToken)
	w.upstream(http.HandlerFunc(showHeader), "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid/v1", "sk-1"))
	w.reload()
	c := w.open(w.addr)
	c.send("GET http://alpha.invalid/models?a=%7e HTTP/1.1\nHost: evil.invalid\n" + asToken + "\nAuthorization: Bearer token\n\n")
	got := c.read(http.MethodGet)
	assert.Equal(t, 200, got.StatusCode)
	assert.Equal(t, "central", got.Header.Get(proxy.HeaderCredential))
	assert.Equal(t, "GET /v1/models?a=%7e alpha.invalid\nAccept-Encoding: gzip\r\nAuthorization: Bearer sk-1\r\n"+
		"User-Agent: gatedrill\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: alpha.invalid\r\nX-Forwarded-Proto: http\r\n", got.body)

	c.send("GET http://alpha.invalid/own HTTP/1.1\nHost: x\n" + asToken + "\nAuthorization: Bearer sk-own\n\n")
	got = c.read(http.MethodGet)
	assert.Equal(t, "own", got.Header.Get(proxy.HeaderCredential))
	assert.Contains(t, got.body, "Authorization: Bearer sk-own")

	series := scrape(t, w.server)
	assert.Contains(t, series, "inflight_mitm_requests{provider=alpha} 0")
	assert.Contains(t, series, "mitm_requests_total{provider=alpha} 2")
	assert.Contains(t, series, "mitm_responses_total{code=200,provider=alpha} 2")
	assert.Contains(t, series, "connect_sessions_total{type=mitm} 0")

	// Each request is decided anew: there is no tunnel to outlive anything.
	w.source.set()
	w.reload()
	c.send("GET http://alpha.invalid/ HTTP/1.1\nHost: x\n" + asToken + "\n\n")
	assert.Equal(t, 502, c.read(http.MethodGet).StatusCode, "nobody listens in the open")
}

// RFC 9112 section 3.2.2: the URL replaces the Host header, which reaches nobody.
func TestAbsoluteFormIgnoresTheHostHeader(t *testing.T) {
	w := newWorld(t, nil)
	w.upstream(http.HandlerFunc(showHeader), "alpha.invalid:443", "beta.invalid:443")
	w.inTheOpen(http.HandlerFunc(showHeader), "plain.invalid:80")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-a"), row("beta", "https://beta.invalid", "sk-b"))
	w.reload()
	for _, host := range []string{"alpha.invalid", "plain.invalid"} {
		got := w.exchangeRaw("GET http://" + host + "/ HTTP/1.1\nHost: beta.invalid\n\n")
		assert.Equal(t, 200, got.StatusCode)
		assert.True(t, strings.HasPrefix(got.body, "GET / "+host+"\n"), got.body)
		assert.NotContains(t, got.body, "beta")
		assert.NotContains(t, got.body, "sk-b")
	}
}

// A connection that was good for one request is not good for the next.
func TestAbsoluteFormAuthenticatesEachRequest(t *testing.T) {
	w := newWorld(t, withToken)
	w.inTheOpen(http.HandlerFunc(echoKey), "plain.invalid:80", "other.invalid:80")
	c := w.open(w.addr)
	for _, tt := range []struct {
		host, auth string
		want       int
	}{
		{"plain.invalid", asToken, 200},
		{"plain.invalid", "X: y", 407},
		{"other.invalid", asToken, 200},
		{"other.invalid", "Proxy-Authorization: Basic " + b64("u:nope"), 407},
		{"plain.invalid", asToken, 200},
	} {
		c.send("GET http://" + tt.host + "/ HTTP/1.1\nHost: x\n" + tt.auth + "\n\n")
		assert.Equal(t, tt.want, c.read(http.MethodGet).StatusCode, tt)
	}
}

// The header comes before the first chunk, and each chunk before the next is sent.
func TestAbsoluteFormStreams(t *testing.T) {
	for _, host := range []string{"alpha.invalid", "plain.invalid"} {
		t.Run(host, func(t *testing.T) {
			next := make(chan string)
			stream := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("Content-Type", "application/x-ndjson")
				rw.(http.Flusher).Flush()
				for line := range next {
					_, _ = io.WriteString(rw, line)
					rw.(http.Flusher).Flush()
				}
			})
			w := newWorld(t, nil)
			w.upstream(stream, "alpha.invalid:443")
			w.inTheOpen(stream, "plain.invalid:80")
			w.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
			w.reload()
			c := w.open(w.addr)
			c.send("POST http://" + host + "/x HTTP/1.1\nHost: x\nContent-Length: 2\n\n{}")
			resp, err := http.ReadResponse(c.br, nil)
			require.NoError(t, err, "the header comes before any chunk")
			for _, line := range []string{"{\"n\":1}\n", "{\"n\":2}\n"} {
				next <- line
				got := make([]byte, len(line))
				_, err := io.ReadFull(resp.Body, got)
				require.NoError(t, err)
				assert.Equal(t, line, string(got))
			}
			close(next)
			_, err = io.ReadAll(resp.Body)
			require.NoError(t, err)
		})
	}
}

// A broken answer never looks whole, to HTTP/1.0 neither, whose only end is the
// connection's.
func TestAbsoluteFormTruncation(t *testing.T) {
	broken := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.(http.Flusher).Flush()
		_, _ = io.WriteString(rw, "half")
		rw.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	w := newWorld(t, nil)
	w.inTheOpen(broken, "plain.invalid:80")
	for _, proto := range []string{"1.0", "1.1"} {
		c := w.open(w.addr)
		c.send("GET http://plain.invalid/ HTTP/" + proto + "\nHost: x\n\n")
		assert.Error(t, c.read(http.MethodGet).err, proto)
	}
}

func TestAbsoluteFormFailures(t *testing.T) {
	w := newWorld(t, func(c *proxy.Config) { c.UpstreamTimeout = 50 * time.Millisecond })
	release := make(chan struct{})
	w.inTheOpen(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/break" {
			panic(http.ErrAbortHandler)
		}
		<-release
	}), "plain.invalid:80")
	defer close(release)
	c := w.open(w.addr)
	for path, want := range map[string]int{"/break": 502, "/slow": 504} {
		c.send("GET http://plain.invalid" + path + " HTTP/1.1\nHost: x\n\n")
		assert.Equal(t, want, c.read(http.MethodGet).StatusCode, path)
	}
}

// A client that leaves takes its upstream request with it, and the gauge returns to zero.
func TestAbsoluteFormClientGone(t *testing.T) {
	began, gone := make(chan struct{}), make(chan struct{})
	hang := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		began <- struct{}{}
		<-r.Context().Done()
		gone <- struct{}{}
	})
	w := newWorld(t, nil)
	w.upstream(hang, "alpha.invalid:443")
	w.inTheOpen(hang, "plain.invalid:80")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
	w.reload()
	for _, host := range []string{"alpha.invalid", "plain.invalid"} {
		c := w.open(w.addr)
		c.send("GET http://" + host + "/ HTTP/1.1\nHost: x\n\n")
		<-began
		require.NoError(t, c.conn.Close())
		select {
		case <-gone:
		case <-time.After(10 * time.Second):
			t.Fatal("the upstream works for nobody: " + host)
		}
	}
	require.NoError(t, w.server.Shutdown(t.Context()))
	assert.Contains(t, scrape(t, w.server), "inflight_mitm_requests{provider=alpha} 0")
}

// Hosts of no provider are behind the chained proxy, providers never are.
func TestAbsoluteFormThroughAChainedProxy(t *testing.T) {
	w := newWorld(t, func(c *proxy.Config) { c.UpstreamProxy = "http://u:chain-pw@chain.invalid:3128" })
	w.inTheOpen(http.HandlerFunc(showHeader), "plain.invalid:80")
	w.upstream(http.HandlerFunc(showHeader), "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
	w.reload()
	asked := make(chan string, 4)
	w.inTheOpen(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.Host + " " + r.Header.Get("Proxy-Authorization")
		there, err := net.Dial("tcp", w.hosts[r.Host])
		if err != nil {
			rw.WriteHeader(502)
			return
		}
		here, _, _ := rw.(http.Hijacker).Hijack()
		_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(there, here); _ = there.Close() }()
		_, _ = io.Copy(here, there)
		_ = here.Close()
	}), "chain.invalid:3128")
	got := w.exchangeRaw("GET http://plain.invalid/ HTTP/1.1\nHost: x\n\n")
	assert.Equal(t, "GET / plain.invalid\n", got.body)
	assert.Equal(t, 200, w.exchangeRaw("GET http://alpha.invalid/ HTTP/1.1\nHost: x\n\n").StatusCode)
	require.Len(t, asked, 1)
	assert.Equal(t, "CONNECT plain.invalid:80 Basic "+b64("u:chain-pw"), <-asked)
	assert.Equal(t, []string{"chain.invalid:3128", "alpha.invalid:443"}, w.dialled())
}

// On a listener with TLS the client's way to the gateway is encrypted, and that is what
// X-Forwarded-Proto says. A broken answer to HTTP/1.0 ends without a close_notify.
func TestAbsoluteFormOverTLS(t *testing.T) {
	w := newWorld(t, withToken)
	w.upstream(http.HandlerFunc(showHeader), "alpha.invalid:443")
	w.inTheOpen(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}), "plain.invalid:80")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
	w.reload()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() {
		served <- w.server.ServeTLS(l, &tls.Config{Certificates: []tls.Certificate{w.ca.leaf("gateway.invalid")}})
	}()
	for _, tt := range []struct{ host, proto string }{{"alpha.invalid", "1.1"}, {"plain.invalid", "1.0"}} {
		c := w.open(l.Addr().String())
		ended := &atomic.Bool{}
		c.conn = tls.Client(endConn{c.conn, ended}, &tls.Config{RootCAs: w.roots, ServerName: "gateway.invalid"})
		c.br.Reset(c.conn)
		c.send("GET http://" + tt.host + "/ HTTP/" + tt.proto + "\nHost: x\n" + asToken + "\n\n")
		got := c.read(http.MethodGet)
		if tt.host == "alpha.invalid" {
			assert.Contains(t, got.body, "X-Forwarded-Proto: https")
		} else {
			assert.True(t, got.err != nil || ended.Load(), "it looks whole")
		}
	}
	require.NoError(t, w.server.Shutdown(t.Context()))
	require.ErrorIs(t, <-served, http.ErrServerClosed)
}

// What people type.
func TestAbsoluteFormByCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed: nothing but Go's own client is tested against the gateway")
	}
	w := newWorld(t, withToken)
	w.inTheOpen(http.HandlerFunc(echoKey), "plain.invalid:80")
	through := (&url.URL{Scheme: "http", User: url.UserPassword("u", "token"), Host: w.addr}).String()
	out, err := exec.CommandContext(t.Context(), curl, "-q", "-sS", "-m", "20", "-x", through, "http://plain.invalid/a", "http://plain.invalid/b").CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Equal(t, "GET /a auth= key=GET /b auth= key=", string(out))
}
