package simnet_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elazarl/goproxy"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/sim/simnet"
)

// The engine's promise, without any of the packages that stand on it: goproxy
// dispatches CONNECT, one inner http.Server serves all tunnels, upstreams
// answer 429 so that the handler fails over, routes are swapped in the middle,
// four clients run at once. One seed, one history.
func TestReplayOfGoproxyAndTLS(t *testing.T) {
	seeds := uint64(10)
	if s, err := strconv.ParseUint(os.Getenv("GATEDRILL_SEEDS"), 10, 64); err == nil {
		seeds = s
	}
	for seed := range seeds {
		first := spikeHistory(t, seed)
		old := runtime.GOMAXPROCS(1)
		second := spikeHistory(t, seed)
		runtime.GOMAXPROCS(old)
		require.Empty(t, firstDifference(first, second), "seed %d", seed)
		require.True(t, strings.HasSuffix(first, "ties 0\n"), "seed %d", seed)
		require.True(t, strings.Contains(first, "beta.invalid answered"), "seed %d: the reload never took effect", seed)
	}
	require.NotEmpty(t, firstDifference(spikeHistory(t, 1), spikeHistory(t, 2)), "the seed draws nothing")
}

// firstDifference is one line of each history: two whole ones help nobody.
func firstDifference(a, b string) string {
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(as), len(bs)) {
		if as[i] != bs[i] {
			return fmt.Sprintf("line %d: %q, then %q", i+1, as[i], bs[i])
		}
	}
	if len(as) != len(bs) {
		return fmt.Sprintf("%d lines, then %d", len(as), len(bs))
	}
	return ""
}

func spikeHistory(t *testing.T, seed uint64) string {
	var history strings.Builder
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		note := func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintf(&history, format+"\n", args...)
		}
		network := simnet.New(simnet.Config{Seed: seed, OnDelivery: func(d simnet.Delivery) { note("%s", d) }})
		defer network.Close()
		s := newSpike(t, network, note)
		var clients sync.WaitGroup
		for i := range 4 {
			clients.Go(func() { s.client(fmt.Sprintf("t%d", i)) })
		}
		clients.Wait()
		s.stop()
		require.NoError(t, network.Settle(context.Background()))
		note("ties %d", network.Ties())
		require.Empty(t, network.Open())
	})
	return history.String()
}

// spike is the smallest gateway of the shape that the reference gateway has.
type spike struct {
	t       *testing.T
	net     *simnet.Network
	note    func(string, ...any)
	start   time.Time
	leaf    tls.Certificate
	roots   *x509.CertPool
	route   atomic.Pointer[string]
	tunnels chan net.Conn
	stopped chan struct{}
	trans   *http.Transport
	servers []*http.Server
	served  atomic.Int64
}

func newSpike(t *testing.T, network *simnet.Network, note func(string, ...any)) *spike {
	leaf, roots := selfSigned(t)
	s := &spike{t: t, net: network, note: note, start: time.Now(), leaf: leaf, roots: roots,
		tunnels: make(chan net.Conn), stopped: make(chan struct{})}
	alpha := "alpha.invalid"
	s.route.Store(&alpha)
	s.trans = &http.Transport{
		DialContext:     network.Dialer("gateway"),
		TLSClientConfig: &tls.Config{RootCAs: roots},
	}
	for _, host := range []string{"alpha.invalid", "beta.invalid"} {
		s.serve(host+":443", true, s.upstream(host))
	}
	s.serve("gateway.invalid:8080", false, s.connect())
	inner := &http.Server{Handler: http.HandlerFunc(s.bridge)}
	s.servers = append(s.servers, inner)
	go inner.Serve(s)
	return s
}

func (s *spike) serve(address string, secure bool, h http.Handler) {
	l, err := s.net.Listen(address)
	require.NoError(s.t, err)
	srv := &http.Server{Handler: h, TLSConfig: &tls.Config{Certificates: []tls.Certificate{s.leaf}}}
	s.servers = append(s.servers, srv)
	if secure {
		go srv.ServeTLS(l, "", "")
	} else {
		go srv.Serve(l)
	}
}

func (s *spike) upstream(host string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("Authorization")
		if key == "k0" {
			w.Header().Set("Retry-After", "5")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		s.note("%d %s answered %s", time.Since(s.start), host, key)
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			w.(http.Flusher).Flush()
			time.Sleep(time.Millisecond)
		}
	})
}

func (s *spike) connect() http.Handler {
	p := goproxy.NewProxyHttpServer()
	p.Logger = nopLogger{}
	p.OnRequest().HandleConnect(goproxy.FuncHttpsHandler(func(host string, _ *goproxy.ProxyCtx) (*goproxy.ConnectAction, string) {
		return &goproxy.ConnectAction{Action: goproxy.ConnectHijack, Hijack: func(_ *http.Request, c net.Conn, _ *goproxy.ProxyCtx) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			s.tunnels <- tls.Server(c, &tls.Config{Certificates: []tls.Certificate{s.leaf}})
		}}, host
	}))
	return p
}

// bridge fails over from k0 to k1, and after eight requests the route moves.
func (s *spike) bridge(w http.ResponseWriter, r *http.Request) {
	if s.served.Add(1) == 8 {
		beta := "beta.invalid"
		s.route.Store(&beta)
	}
	for _, key := range []string{"k0", "k1"} {
		out, _ := http.NewRequestWithContext(r.Context(), r.Method, "https://"+*s.route.Load()+r.URL.Path, nil)
		out.Header.Set("Authorization", key)
		resp, err := s.trans.RoundTrip(out)
		require.NoError(s.t, err)
		if resp.StatusCode == http.StatusOK {
			io.Copy(flushing{w}, resp.Body)
			resp.Body.Close()
			return
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}

func (s *spike) client(name string) {
	conn, err := s.net.Dial(context.Background(), name, "gateway.invalid:8080")
	require.NoError(s.t, err)
	io.WriteString(conn, "CONNECT alpha.invalid:443 HTTP/1.1\r\nHost: alpha.invalid\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: http.MethodConnect})
	require.NoError(s.t, err)
	require.Equal(s.t, 200, resp.StatusCode)
	tunnel := tls.Client(conn, &tls.Config{RootCAs: s.roots, ServerName: "alpha.invalid"})
	in := bufio.NewReader(tunnel)
	for i := range 4 {
		req, _ := http.NewRequest(http.MethodPost, fmt.Sprintf("https://alpha.invalid/%s/%d", name, i), nil)
		require.NoError(s.t, req.Write(tunnel))
		resp, err := http.ReadResponse(in, req)
		require.NoError(s.t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(s.t, err)
		s.note("%d %s got %d, %d bytes", time.Since(s.start), name, resp.StatusCode, len(body))
	}
	tunnel.Close()
}

func (s *spike) stop() {
	require.NoError(s.t, s.net.Settle(context.Background()))
	s.trans.CloseIdleConnections()
	close(s.stopped)
	for _, srv := range s.servers {
		srv.Close()
	}
}

func (s *spike) Accept() (net.Conn, error) {
	select {
	case c := <-s.tunnels:
		return c, nil
	case <-s.stopped:
		return nil, errors.New("stopped")
	}
}
func (s *spike) Close() error   { return nil }
func (s *spike) Addr() net.Addr { return &net.TCPAddr{} }

type nopLogger struct{}

func (nopLogger) Printf(string, ...any) {}

type flushing struct{ w http.ResponseWriter }

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	f.w.(http.Flusher).Flush()
	return n, err
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "simnet test"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Now().AddDate(50, 0, 0),
		DNSNames: []string{"alpha.invalid", "beta.invalid"},
		IsCA:     true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
