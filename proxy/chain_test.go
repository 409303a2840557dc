package proxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// further is a proxy behind the gateway. It answers CONNECTs with what it is told, or
// connects.
type further struct {
	w      *world
	answer func(conn net.Conn, target string) // nil: connects

	mu   sync.Mutex
	seen []string // "target credentials"
}

func (f *further) took() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := f.seen
	f.seen = nil
	return seen
}

func (f *further) serve(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go f.handle(conn)
	}
}

func (f *further) handle(conn net.Conn) {
	defer conn.Close()
	br := bufio.NewReader(conn)
	r, err := http.ReadRequest(br)
	if err != nil || r.Method != http.MethodConnect {
		return
	}
	f.mu.Lock()
	f.seen = append(f.seen, strings.TrimSpace(r.RequestURI+" "+r.Header.Get("Proxy-Authorization")))
	f.mu.Unlock()
	if f.answer != nil {
		f.answer(conn, r.RequestURI)
		return
	}
	f.w.mu.Lock()
	to := f.w.hosts["behind "+r.RequestURI]
	f.w.mu.Unlock()
	up, err := net.Dial("tcp", to)
	if err != nil {
		_, _ = io.WriteString(conn, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\nsecret")
		return
	}
	defer up.Close()
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n") // the length means nothing
	go func() {
		_, _ = io.Copy(up, br)
		_ = up.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(conn, up)
}

// behind makes an upstream that only the further proxy reaches.
func (f *further) behind(handler http.Handler, hostport string) {
	f.w.upstream(handler, hostport)
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	f.w.hosts["behind "+hostport] = f.w.hosts[hostport]
	delete(f.w.hosts, hostport)
}

// newFurther is a world whose gateway has a further proxy at proxy.invalid.
func newFurther(t *testing.T, scheme, user string, change func(*proxy.Config)) *further {
	f := &further{}
	other := newTestCA(t)
	f.w = newWorld(t, func(c *proxy.Config) {
		c.UpstreamProxy, c.UpstreamProxyRoots = scheme+"://"+user+"proxy.invalid:3128", other.pool()
		if change != nil {
			change(c)
		}
	})
	f.w.names.set("proxy.invalid", "10.0.0.1") // which is not judged
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	f.w.at("proxy.invalid:3128", l.Addr().String())
	if scheme == "https" {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{other.leaf("proxy.invalid")}})
	}
	go f.serve(l)
	return f
}

// What clients choose goes through the further proxy, by name; what is intercepted never
// does, and a tunnel that outlives its route does from then on.
func TestFurtherProxy(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			f := newFurther(t, scheme, "me%40home:p%3Ass@", nil)
			up := &capture{}
			f.behind(up, "raw.invalid:443")
			f.behind(http.HandlerFunc(echoKey), "alpha.invalid:443")
			f.w.upstream(http.HandlerFunc(echoKey), "alpha.invalid:443")
			f.w.source.set(row("alpha", "https://alpha.invalid/v1", "sk-1"))
			f.w.reload()
			credentials := " Basic " + b64("me@home:p:ss")

			raw := f.w.tunnel("raw.invalid:443", "")
			for range 2 {
				assert.Equal(t, "GET /x auth= key=", raw.get("raw.invalid", "/x").body)
			}
			assert.Equal(t, []string{"raw.invalid:443" + credentials}, f.took())
			assert.Empty(t, up.get().Header.Get("Proxy-Authorization"))

			c := f.w.tunnel("alpha.invalid:443", "")
			assert.Equal(t, "GET /v1/x auth=Bearer sk-1 key=", c.get("alpha.invalid", "/x").body)
			assert.Empty(t, f.took())
			f.w.source.set()
			f.w.reload()
			for range 2 {
				assert.Equal(t, "GET /x auth= key=", c.get("alpha.invalid", "/x").body)
			}
			assert.Equal(t, []string{"alpha.invalid:443" + credentials}, f.took())
			assert.Equal(t, []string{"proxy.invalid:3128", "alpha.invalid:443", "proxy.invalid:3128"}, f.w.dialled())
			assert.NotContains(t, f.w.logs.String(), "p:ss")
			assert.NotContains(t, f.w.logs.String(), b64("me@home:p:ss"))
		})
	}
}

// The guard judges what is resolved here, although the proxy will resolve it again: a
// name that has any other address is refused, and a number goes as what was judged.
func TestGuardInFrontOfAFurtherProxy(t *testing.T) {
	f := newFurther(t, "http", "", func(c *proxy.Config) { c.Exempt = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")} })
	f.answer = func(conn net.Conn, _ string) { _, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n") }
	for host, tt := range map[string]struct {
		addrs string
		want  int
		asked []string
	}{
		"private.invalid": {"10.0.0.1", 403, nil},
		"mixed.invalid":   {"8.8.8.8 127.0.0.1", 403, nil},
		"nobody.invalid":  {"", 502, nil},
		"exempt.invalid":  {"10.1.0.1 8.8.8.8", 200, []string{"exempt.invalid:443"}},
		"Public.invalid.": {"8.8.8.8 8.8.4.4", 200, []string{"public.invalid:443"}},
		"2130706433":      {"8.8.4.4", 200, []string{"8.8.4.4:443"}},
		"x.0x7f":          {"8.8.4.4", 200, []string{"8.8.4.4:443"}},
		"127.1":           {"2a00::1", 200, []string{"[2a00::1]:443"}},
		"9.9.9.9":         {"", 200, []string{"9.9.9.9:443"}},
		"[2a00::2]":       {"", 200, []string{"[2a00::2]:443"}},
		"127.0.0.1":       {"", 403, nil},
	} {
		f.w.names.set(strings.ToLower(strings.TrimSuffix(host, ".")), strings.Fields(tt.addrs)...)
		assert.Equal(t, tt.want, f.w.status(host+":443"), host)
		assert.Equal(t, tt.asked, f.took(), host)
	}
}

// Whatever the proxy says or does not say, the client gets a sentence of the gateway's.
func TestFurtherProxyThatRefuses(t *testing.T) {
	for name, answer := range map[string]string{
		"wants credentials":       "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=secret\r\nContent-Length: 6\r\n\r\nsecret",
		"forbids":                 "HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nsecret",
		"fails":                   "HTTP/1.1 504 secret\r\n\r\n",
		"redirects":               "HTTP/1.1 302 Found\r\nLocation: http://secret.invalid/\r\n\r\n",
		"switches":                "HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
		"leaves":                  "",
		"leaves in the middle":    "HTTP/1.1 200 OK\r\nX: y",
		"speaks another language": "220 secret ESMTP\r\n",
		"talks without end":       "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", 1<<20) + "\r\n\r\n",
		"only informs":            strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1000),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFurther(t, "http", "", nil)
			f.answer = func(conn net.Conn, _ string) { _, _ = io.WriteString(conn, answer) }
			_, resp := f.w.connect("raw.invalid:443", "")
			got := readAnswer(t, resp)
			assert.Equal(t, 502, got.StatusCode)
			assert.Equal(t, "Bad Gateway: the destination cannot be reached", got.body)
			assert.Empty(t, got.Header.Get("Proxy-Authenticate"))
		})
	}
	f := newFurther(t, "https", "", func(c *proxy.Config) { c.UpstreamProxyRoots = nil })
	assert.Equal(t, 502, f.w.status("raw.invalid:443"), "its certificate is not trusted")
	assert.Empty(t, f.took())
}

// The first words of a destination that speaks first may come with the proxy's answer.
func TestFurtherProxyReadAhead(t *testing.T) {
	f := newFurther(t, "http", "", nil)
	f.answer = func(conn net.Conn, _ string) {
		_, _ = io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello ")
		question, _ := io.ReadAll(conn)
		_, _ = conn.Write(question)
	}
	raw, resp := f.w.connect("raw.invalid:443", "")
	require.Equal(t, 200, resp.StatusCode)
	raw.send("world")
	require.NoError(t, raw.conn.(*net.TCPConn).CloseWrite())
	all, err := io.ReadAll(raw.br)
	require.NoError(t, err)
	assert.Equal(t, "hello world", string(all))
}

// A proxy that says nothing has as long as a dial; a client that leaves and a server that
// is cut do not wait for it.
func TestFurtherProxyThatIsSilent(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		inBubble(t, func(c *proxy.Config) {
			limits(c)
			c.TLSHandshakeTimeout = -1
			c.UpstreamProxy = scheme + "://proxy.invalid"
		}, nil, func(t *testing.T, b *bubble) {
			l := b.net.listen("proxy.invalid:" + map[string]string{"http": "80", "https": "443"}[scheme])
			defer l.Close()
			ended := make(chan time.Duration, 1)
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					begin := time.Now()
					_, _ = io.Copy(io.Discard, conn)
					_ = conn.Close()
					ended <- time.Since(begin)
				}
			}()
			assert.Equal(t, 504, b.status("raw.invalid:443"))
			assert.Equal(t, 11*time.Second, <-ended)

			conn, err := b.net.dial(t.Context(), "tcp", "gateway:1")
			require.NoError(t, err)
			_, err = io.WriteString(conn, "CONNECT raw.invalid:443 HTTP/1.1\r\nHost: x\r\n\r\n")
			require.NoError(t, err)
			pass(time.Second)
			require.NoError(t, conn.Close())
			assert.Equal(t, time.Second, <-ended, "the client has left")

			conn, err = b.net.dial(t.Context(), "tcp", "gateway:1")
			require.NoError(t, err)
			defer conn.Close()
			_, err = io.WriteString(conn, "CONNECT raw.invalid:443 HTTP/1.1\r\nHost: x\r\n\r\n")
			require.NoError(t, err)
			pass(time.Second)
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			assert.ErrorIs(t, b.server.Shutdown(ctx), context.DeadlineExceeded)
			assert.Equal(t, 2*time.Second, <-ended, "the server was cut")
		})
	}
}

// A stale tunnel's request waits in net/http's transport, whose dials outlive requests:
// the shutdown ends them.
func TestShutdownWhileAStaleTunnelWaitsForTheFurtherProxy(t *testing.T) {
	inBubble(t, func(c *proxy.Config) {
		c.DialTimeout, c.UpstreamProxy = -1, "http://proxy.invalid"
	}, nil, func(t *testing.T, b *bubble) {
		l := b.net.listen("proxy.invalid:80")
		defer l.Close()
		ended := make(chan struct{})
		go func() {
			if conn, err := l.Accept(); err == nil {
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
				close(ended)
			}
		}()
		c := b.tunnel()
		b.source.set()
		require.NoError(t, b.server.Reload(t.Context()))
		c.send("GET / HTTP/1.1\nHost: alpha.invalid\n\n")
		pass(time.Minute)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		assert.ErrorIs(t, b.server.Shutdown(ctx), context.DeadlineExceeded)
		<-ended
		_ = c.conn.Close()
	})
}

func TestFurtherProxyHandshakeIsBounded(t *testing.T) {
	inBubble(t, func(c *proxy.Config) {
		limits(c)
		c.UpstreamProxy = "https://proxy.invalid"
	}, nil, func(t *testing.T, b *bubble) {
		l := b.net.listen("proxy.invalid:443")
		defer l.Close()
		go func() {
			if conn, err := l.Accept(); err == nil {
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			}
		}()
		begin := time.Now()
		assert.Equal(t, 504, b.status("raw.invalid:443"))
		assert.Equal(t, 3*time.Second, time.Since(begin))
	})
}

func TestUpstreamProxySettings(t *testing.T) {
	for target, want := range map[string]string{
		"": "", "http://proxy.invalid": "", "https://u:p@proxy.invalid:3128/": "", "http://[2a00::1]:3128": "", "http://u@proxy.invalid": "",
		"proxy.invalid:3128":                "(not shown, it may hold a password): ",
		"hush:hush@proxy.invalid:3128":      "(not shown, it may hold a password): ",
		"socks5://u:hush@proxy.invalid":     "(not shown, it may hold a password): its scheme is neither http nor https",
		"http://u:hush@":                    "(not shown, it may hold a password): it has no hostname",
		"http://u:hush%zz@proxy.invalid":    "(not shown, it may hold a password): it does not parse",
		"http://u:hu sh@proxy.invalid":      "(not shown, it may hold a password): it does not parse",
		"http://u:hush@proxy.invalid:0":     `"http://proxy.invalid:0": a port is 1 to 65535`,
		"http://u:hush@proxy.invalid/path":  `"http://proxy.invalid": it may have credentials, a host and a port only`,
		"http://u:hush@proxy.invalid?q":     `"http://proxy.invalid": it may have credentials, a host and a port only`,
		"http://hu%3Ash:hush@proxy.invalid": `"http://proxy.invalid": its user may not have a colon`,
		"http://u:hush%0a@proxy.invalid":    `"http://proxy.invalid": its credentials have control characters`,
	} {
		_, err := proxy.New(proxy.Config{Source: proxy.Static{}, UpstreamProxy: target})
		if want == "" {
			assert.NoError(t, err, target)
			continue
		}
		require.ErrorIs(t, err, proxy.ErrConfig, target)
		assert.Contains(t, err.Error(), "UpstreamProxy: "+want, target)
		assert.NotContains(t, err.Error(), "hush", target)
	}
	_, err := proxy.New(proxy.Config{Source: proxy.Static{}, Exempt: []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), {}, netip.PrefixFrom(netip.MustParseAddr("::ffff:10.0.0.0"), 104)}})
	assert.ErrorContains(t, err, "Exempt[1]: invalid Prefix: it is no range of IPv4 or IPv6 addresses")
	assert.ErrorContains(t, err, "Exempt[2]: ::ffff:10.0.0.0/104: it is no range of IPv4 or IPv6 addresses")
	assert.NotContains(t, err.Error(), "Exempt[0]")
}
