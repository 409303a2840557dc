package patient_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/elazarl/goproxy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Row 4. Who takes goproxy's AlwaysMitm presents certificates of an authority
// whose private key is part of goproxy: anybody can sign with it.
func TestStockSignsWithAPublicKey(t *testing.T) {
	target, _ := newUpstream(t, http.NotFoundHandler())
	p := goproxy.NewProxyHttpServer()
	p.Logger = log.New(io.Discard, "", 0)
	p.OnRequest().HandleConnect(goproxy.AlwaysMitm)
	s := serveStock(t, p)
	resp, err := s.client.Get(target)
	require.NoError(t, err)
	defer resp.Body.Close()

	known, err := x509.ParseCertificate(goproxy.GoproxyCa.Certificate[0])
	require.NoError(t, err)
	assert.NoError(t, resp.TLS.PeerCertificates[0].CheckSignatureFrom(known))
	signer, ok := goproxy.GoproxyCa.PrivateKey.(crypto.Signer)
	require.True(t, ok, "the private key is there for everybody")
	assert.Equal(t, known.PublicKey, signer.Public())
}

// Row 5. HTTPS_PROXY is taken for the way to upstreams, and nothing has a limit.
func TestStockTakesHTTPSProxy(t *testing.T) {
	trap, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer trap.Close()
	t.Setenv("HTTPS_PROXY", "http://"+trap.Addr().String())
	p := goproxy.NewProxyHttpServer()
	assert.NotNil(t, p.Tr.Proxy)
	assert.Zero(t, p.Tr.ResponseHeaderTimeout)
	assert.Zero(t, p.Tr.TLSHandshakeTimeout)
	assert.Zero(t, p.Tr.IdleConnTimeout)

	require.NotNil(t, p.ConnectDial)
	caught := make(chan string, 1)
	go func() {
		conn, err := trap.Accept()
		if err != nil {
			caught <- err.Error()
			return
		}
		defer conn.Close()
		line, _ := bufio.NewReader(conn).ReadString('\n')
		caught <- line
		_, _ = io.WriteString(conn, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
	}()
	_, err = p.ConnectDial("tcp", "raw.invalid:443")
	assert.Error(t, err)
	assert.Equal(t, "CONNECT raw.invalid:443 HTTP/1.1\r\n", <-caught)
}

// panics tells a process that it is the one to die in TestStockDiesOfAPanic.
const panics = "GATEDRILL_STOCK_PANICS"

// Row 7. A panic of a handler in an intercepted tunnel ends the process.
func TestStockDiesOfAPanic(t *testing.T) {
	if os.Getenv(panics) != "" {
		s := newStock(t, func(p *goproxy.ProxyHttpServer) {
			p.OnRequest().DoFunc(func(*http.Request, *goproxy.ProxyCtx) (*http.Request, *http.Response) { panic("a handler's mistake") })
		})
		_, err := s.get("https://alpha.invalid/")
		t.Logf("the answer: %v", err)
		select {} // a tunnel is closed on the way to the end, so it is not the end yet
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestStockDiesOfAPanic$", "-test.timeout=20s")
	cmd.Env = append(os.Environ(), panics+"=1")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 2, exit.ExitCode(), "the runtime's own")
	assert.Contains(t, string(out), "panic: a handler's mistake")
	assert.NotContains(t, string(out), "test timed out")
}

// Row 14. The context of CONNECT is over before the first request of its tunnel.
func TestStockConnectContextIsOver(t *testing.T) {
	ends := make(chan error, 1)
	var connect context.Context
	s := newStock(t, func(p *goproxy.ProxyHttpServer) {
		p.OnRequest().HandleConnectFunc(func(_ string, ctx *goproxy.ProxyCtx) (*goproxy.ConnectAction, string) {
			connect = ctx.Req.Context()
			return nil, "" // the next handler decides
		})
		p.OnRequest().DoFunc(func(r *http.Request, _ *goproxy.ProxyCtx) (*http.Request, *http.Response) {
			<-connect.Done() // it is a test that hangs, were it not
			ends <- connect.Err()
			return r, goproxy.NewResponse(r, "text/plain", http.StatusTeapot, "")
		})
	})
	status, err := s.get("https://alpha.invalid/")
	require.NoError(t, err)
	assert.Equal(t, http.StatusTeapot, status)
	assert.ErrorIs(t, <-ends, context.Canceled)
}

// Row 15. Handlers are plain slices beside no lock: adding one while requests are
// served is a race. This reads what is there rather than run into it.
func TestStockHandlersAreNotSynchronised(t *testing.T) {
	typ := reflect.TypeFor[goproxy.ProxyHttpServer]()
	for _, name := range []string{"reqHandlers", "respHandlers", "httpsHandlers"} {
		field, ok := typ.FieldByName(name)
		require.True(t, ok, name)
		assert.Equal(t, reflect.Slice, field.Type.Kind(), name)
	}
	for i := range typ.NumField() {
		pkg := typ.Field(i).Type.PkgPath()
		assert.False(t, pkg == "sync" || pkg == "sync/atomic", "%s is a lock, or could serve as one", typ.Field(i).Name)
	}
}

// Row 27. Two idle connections per upstream are kept: under load most requests
// dial anew.
func TestStockDialsAgainAndAgain(t *testing.T) {
	const clients, rounds = 16, 4
	for name, idle := range map[string]int{"stock": 0, "raised": clients} {
		t.Run(name, func(t *testing.T) {
			rendezvous := newRendezvous(clients)
			target, accepted := newUpstream(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { rendezvous.wait() }))
			s := newStock(t, func(p *goproxy.ProxyHttpServer) { p.Tr.MaxIdleConnsPerHost = idle })
			for range rounds {
				var running sync.WaitGroup
				for range clients {
					running.Go(func() {
						_, err := s.get(target)
						assert.NoError(t, err)
					})
				}
				running.Wait()
			}
			if idle == 0 {
				// All are answered at the same time, and two connections are kept of each
				// round. An answer is whole a moment before its connection is put back, so
				// more is not promised than that most are lost.
				assert.Greater(t, accepted(), clients*rounds/2)
			} else {
				assert.Less(t, accepted(), clients*rounds/2)
			}
		})
	}
}

// rendezvous lets n callers go on together, again and again.
type rendezvous struct {
	mu   sync.Mutex
	n    int
	here []chan struct{}
}

func newRendezvous(n int) *rendezvous { return &rendezvous{n: n} }

func (r *rendezvous) wait() {
	r.mu.Lock()
	own := make(chan struct{})
	r.here = append(r.here, own)
	if len(r.here) == r.n {
		for _, c := range r.here {
			close(c)
		}
		r.here = nil
	}
	r.mu.Unlock()
	<-own
}

// Row 29. Asked for HTTP/2, goproxy offers it inside tunnels: it is one setting
// away from requests that handlers were never tried with.
func TestStockOffersHTTP2WhenAsked(t *testing.T) {
	for _, allow := range []bool{false, true} {
		s := newStock(t, func(p *goproxy.ProxyHttpServer) { p.AllowHTTP2 = allow })
		conn, err := net.Dial("tcp", s.addr)
		require.NoError(t, err)
		defer conn.Close()
		_, err = io.WriteString(conn, "CONNECT alpha.invalid:443 HTTP/1.1\r\nHost: alpha.invalid\r\n\r\n")
		require.NoError(t, err)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		inner := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}})
		require.NoError(t, inner.Handshake())
		assert.Equal(t, allow, inner.ConnectionState().NegotiatedProtocol == "h2")
	}
}

// Row 30. Warnings are printed whatever Verbose says, to stderr unless there is
// another logger.
func TestStockPrintsWarnings(t *testing.T) {
	p := goproxy.NewProxyHttpServer()
	std, ok := p.Logger.(*log.Logger)
	require.True(t, ok)
	assert.Equal(t, os.Stderr, std.Writer())
	assert.False(t, p.Verbose)
	printed := &lines{}
	p.Logger = log.New(printed, "", 0)
	ctx := &goproxy.ProxyCtx{Proxy: p}
	ctx.Logf("nobody sees this")
	ctx.Warnf("everybody sees this")
	assert.Equal(t, "[000] WARN: everybody sees this", strings.TrimSpace(printed.String()))
}

// lines may be written to by many.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
