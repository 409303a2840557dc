package proxy_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// twoProviders is a world with alpha and beta, and a count of what reaches anybody.
func twoProviders(t *testing.T) (w *world, reached func() int) {
	counter := &counted{handler: http.HandlerFunc(echoKey)}
	w = newWorld(t, func(c *proxy.Config) {
		c.ConnectPorts = []int{443, 8443}
		c.WrapBridge = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				counter.add()
				next.ServeHTTP(rw, r)
			})
		}
	})
	w.upstream(counter, "alpha.invalid:443", "beta.invalid:443", "evil.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-alpha"), row("beta", "https://beta.invalid", "sk-beta"))
	w.reload()
	return w, counter.get
}

// What names another host, in whatever way, is 421 and reaches nobody; the tunnel goes
// on.
func TestOneTunnelOneHost(t *testing.T) {
	w, reached := twoProviders(t)
	for _, tt := range []struct {
		name, lines string
		want        int
	}{
		{"its host", "GET /x HTTP/1.1\nHost: alpha.invalid\n\n", 200},
		{"in other case, with a dot", "GET /x HTTP/1.1\nHost: ALPHA.invalid.\n\n", 200},
		{"default port", "GET /x HTTP/1.1\nHost: alpha.invalid:443\n\n", 200},
		{"absolute", "GET https://alpha.invalid/x HTTP/1.1\nHost: alpha.invalid\n\n", 200},
		{"absolute wins over Host", "GET https://alpha.invalid/x HTTP/1.1\nHost: evil.invalid\n\n", 200},
		{"HTTP/1.0 without Host", "GET /x HTTP/1.0\nConnection: keep-alive\n\n", 200},
		{"another host", "GET /x HTTP/1.1\nHost: evil.invalid\n\n", 421},
		{"another provider", "GET /x HTTP/1.1\nHost: beta.invalid\n\n", 421},
		{"another port", "GET /x HTTP/1.1\nHost: alpha.invalid:8443\n\n", 421},
		{"a port that is none", "GET /x HTTP/1.1\nHost: alpha.invalid:+443\n\n", 421},
		{"no port", "GET /x HTTP/1.1\nHost: alpha.invalid:\n\n", 421},
		{"two hosts in one", "GET /x HTTP/1.1\nHost: alpha.invalid,evil.invalid\n\n", 421},
		{"empty Host", "GET /x HTTP/1.1\nHost:\n\n", 421},
		{"a subdomain", "GET /x HTTP/1.1\nHost: x.alpha.invalid\n\n", 421},
		{"absolute, another host", "GET https://evil.invalid/x HTTP/1.1\nHost: alpha.invalid\n\n", 421},
		{"absolute, user information", "GET https://alpha.invalid@evil.invalid/x HTTP/1.1\nHost: alpha.invalid\n\n", 421},
		{"absolute, a user", "GET https://user@alpha.invalid/x HTTP/1.1\nHost: alpha.invalid\n\n", 421},
		{"absolute, plaintext", "GET http://alpha.invalid/x HTTP/1.1\nHost: alpha.invalid\n\n", 421},
		{"absolute, another scheme", "GET ftp://alpha.invalid/x HTTP/1.1\nHost: alpha.invalid\n\n", 421},
		{"CONNECT elsewhere", "CONNECT evil.invalid:443 HTTP/1.1\nHost: alpha.invalid\n\n", 421},
		{"CONNECT", "CONNECT alpha.invalid:443 HTTP/1.1\nHost: alpha.invalid\n\n", 400},
		{"CONNECT with a path", "CONNECT /x HTTP/1.1\nHost: alpha.invalid\n\n", 400},
		{"asterisk", "OPTIONS * HTTP/1.1\nHost: alpha.invalid\n\n", 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := reached()
			c := w.tunnel("alpha.invalid:443", "")
			c.send(tt.lines)
			got := c.read(http.MethodGet)
			assert.Equal(t, tt.want, got.StatusCode, got.body)
			assert.NotEmpty(t, got.Header.Get(proxy.HeaderRequestID))
			if tt.want != 200 {
				assert.Equal(t, before, reached(), "it reached somebody")
				assert.Equal(t, "none", got.Header.Get(proxy.HeaderCredential))
			} else {
				assert.Equal(t, "GET /x auth=Bearer sk-alpha key=", got.body)
			}
			again := c.get("alpha.invalid", "/again")
			assert.Equal(t, 200, again.StatusCode, "the tunnel goes on")
		})
	}
}

func TestServerNameIndication(t *testing.T) {
	w, reached := twoProviders(t)
	for sni, want := range map[string]int{
		"alpha.invalid": 200,
		"Alpha.Invalid": 200,
		"":              200,
		"beta.invalid":  421,
		"evil.invalid":  421,
	} {
		before := reached()
		// The client trusts whatever it gets: the certificate is the CONNECT host's.
		cfg := &tls.Config{ServerName: sni, InsecureSkipVerify: true}
		c := w.tunnelAs("alpha.invalid:443", "", cfg)
		leaf := c.conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
		assert.Equal(t, []string{"alpha.invalid"}, leaf.DNSNames, sni)
		got := c.get("alpha.invalid", "/x")
		assert.Equal(t, want, got.StatusCode, "SNI %q", sni)
		if want != 200 {
			assert.Equal(t, before, reached())
		}
	}
}

// A resumed session brings no certificate and asks for none; what it names is compared
// all the same.
func TestResumptionAcrossHosts(t *testing.T) {
	w, reached := twoProviders(t)
	cache := tls.NewLRUClientSessionCache(4)
	cfg := func(sni string) *tls.Config {
		return &tls.Config{ServerName: sni, RootCAs: w.roots, ClientSessionCache: cache}
	}
	first := w.tunnelAs("alpha.invalid:443", "", cfg("alpha.invalid"))
	require.Equal(t, 200, first.get("alpha.invalid", "/x").StatusCode)

	again := w.tunnelAs("alpha.invalid:443", "", cfg("alpha.invalid"))
	require.True(t, again.conn.(*tls.Conn).ConnectionState().DidResume, "sessions resume at all")
	require.Equal(t, 200, again.get("alpha.invalid", "/x").StatusCode)

	before := reached()
	for _, host := range []string{"alpha.invalid", "beta.invalid"} {
		c := w.tunnelAs("beta.invalid:443", "", cfg("alpha.invalid"))
		assert.Equal(t, 421, c.get(host, "/x").StatusCode, host)
	}
	assert.Equal(t, before, reached())
}

func TestTunnelToAnotherPort(t *testing.T) {
	w, _ := twoProviders(t)
	c := w.tunnel("alpha.invalid:8443", "")
	for host, want := range map[string]int{"alpha.invalid:8443": 200, "alpha.invalid": 200, "alpha.invalid:443": 200, "alpha.invalid:80": 421} {
		assert.Equal(t, want, c.get(host, "/x").StatusCode, host)
	}
}

func TestPlaintextInsideAnInterceptedTunnel(t *testing.T) {
	w, reached := twoProviders(t)
	raw, resp := w.connect("alpha.invalid:443", "")
	require.Equal(t, 200, resp.StatusCode)
	raw.send("GET /x HTTP/1.1\nHost: alpha.invalid\n\n")
	got := raw.read(http.MethodGet)
	assert.Equal(t, 400, got.StatusCode)
	assert.Contains(t, got.body, "TLS")
	_, err := raw.br.ReadByte()
	assert.ErrorIs(t, err, io.EOF)
	assert.Zero(t, reached())
}

// net/http refuses these by itself, which is why there is one inside the tunnel.
func TestBadInnerRequests(t *testing.T) {
	w, reached := twoProviders(t)
	for name, lines := range map[string]string{
		"two hosts":      "GET / HTTP/1.1\nHost: alpha.invalid\nHost: alpha.invalid\n\n",
		"no host":        "GET / HTTP/1.1\n\n",
		"user in host":   "GET / HTTP/1.1\nHost: evil.invalid@alpha.invalid\n\n",
		"two lengths":    "POST / HTTP/1.1\nHost: alpha.invalid\nContent-Length: 1\nContent-Length: 2\n\nxx",
		"a bad name":     "GET / HTTP/1.1\nHost: alpha.invalid\nbad name: x\n\n",
		"space in front": "GET / HTTP/1.1\nHost: alpha.invalid\n folded: x\n\n",
		"no request":     "hello\n\n",
	} {
		c := w.tunnel("alpha.invalid:443", "")
		c.send(lines)
		got := c.read(http.MethodGet)
		assert.Equal(t, 400, got.StatusCode, name)
		_, err := c.br.ReadByte()
		assert.ErrorIs(t, err, io.EOF, "%s: the tunnel is closed", name)
	}
	assert.Zero(t, reached())
}

func TestHTTP2IsNotOffered(t *testing.T) {
	w, _ := twoProviders(t)
	c := w.tunnelAs("alpha.invalid:443", "", &tls.Config{RootCAs: w.roots, ServerName: "alpha.invalid", NextProtos: []string{"h2", "http/1.1"}})
	assert.Equal(t, "http/1.1", c.conn.(*tls.Conn).ConnectionState().NegotiatedProtocol)

	raw, resp := w.connect("alpha.invalid:443", "")
	require.Equal(t, 200, resp.StatusCode)
	err := tls.Client(raw.conn, &tls.Config{RootCAs: w.roots, ServerName: "alpha.invalid", NextProtos: []string{"h2"}}).Handshake()
	assert.ErrorContains(t, err, "no application protocol")
}

func TestHeaderBytesAreBounded(t *testing.T) {
	w := newWorld(t, func(c *proxy.Config) { c.MaxHeaderBytes = 8 << 10 })
	w.upstream(http.HandlerFunc(echoKey), "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "k"))
	w.reload()
	big := make([]byte, 32<<10)
	for i := range big {
		big[i] = 'x'
	}
	c := w.tunnel("alpha.invalid:443", "")
	assert.Equal(t, 431, c.get("alpha.invalid", "/x", "Big: "+string(big)).StatusCode)
	assert.Equal(t, 431, w.exchangeRaw("CONNECT alpha.invalid:443 HTTP/1.1\nHost: x\nBig: "+string(big)+"\n\n").StatusCode)
}

// A panic in a tunnel ends that tunnel and nothing else.
func TestPanicsAreContained(t *testing.T) {
	w := newWorld(t, func(c *proxy.Config) {
		c.WrapBridge = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Bomb") != "" {
					panic("boom")
				}
				next.ServeHTTP(rw, r)
			})
		}
	})
	w.upstream(http.HandlerFunc(echoKey), "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "k"))
	w.reload()
	bad, good := w.tunnel("alpha.invalid:443", ""), w.tunnel("alpha.invalid:443", "")
	bad.send("GET /x HTTP/1.1\nHost: alpha.invalid\nBomb: 1\n\n")
	_, err := bad.br.ReadByte()
	require.Error(t, err)
	assert.Equal(t, 200, good.get("alpha.invalid", "/x").StatusCode)
	assert.Contains(t, w.logs.String(), "boom")
}
