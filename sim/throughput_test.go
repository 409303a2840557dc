package sim_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/elazarl/goproxy"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
	"github.com/gatedrill/gatedrill/sim/simnet"
)

// The same gateway, clients and upstream, in the virtual network and on
// loopback, and bare goproxy beside them: requests on warm tunnels, and tunnels
// with one request each. What counts are the ratios within one run.
func BenchmarkIntercepted(b *testing.B) {
	variants := []struct {
		name string
		run  func(b *testing.B, work func(r *rig))
	}{
		{"virtual", runVirtual},
		{"loopback", func(b *testing.B, work func(*rig)) { runLoopback(b, work, startProxy) }},
		{"goproxy", func(b *testing.B, work func(*rig)) { runLoopback(b, work, startGoproxy) }},
	}
	for _, conns := range []int{1, 4} {
		for _, v := range variants {
			b.Run(fmt.Sprintf("warm-%d/%s", conns, v.name), func(b *testing.B) {
				const requests = 4000
				v.run(b, func(r *rig) { r.warm(conns, requests/conns) })
				b.ReportMetric(requests*float64(b.N)/b.Elapsed().Seconds(), "req/s")
			})
		}
	}
	for _, v := range variants {
		b.Run("fresh-1/"+v.name, func(b *testing.B) {
			const tunnels = 200
			v.run(b, func(r *rig) { r.fresh(tunnels) })
			b.ReportMetric(tunnels*float64(b.N)/b.Elapsed().Seconds(), "tunnels/s")
		})
	}
}

// rig is a gateway with a client and an upstream around it.
type rig struct {
	tb    testing.TB
	dial  func(name string) net.Conn // to the gateway
	roots *x509.CertPool
}

func (r *rig) open(name string) (net.Conn, *bufio.Reader) {
	conn := r.dial(name)
	io.WriteString(conn, "CONNECT alpha.invalid:443 HTTP/1.1\r\nHost: alpha.invalid:443\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: http.MethodConnect})
	require.NoError(r.tb, err)
	require.Equal(r.tb, http.StatusOK, resp.StatusCode)
	t := tls.Client(conn, &tls.Config{RootCAs: r.roots, ServerName: "alpha.invalid"})
	return t, bufio.NewReader(t)
}

func (r *rig) ask(conn net.Conn, in *bufio.Reader) {
	body := strings.Repeat("x", 512)
	fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: alpha.invalid\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	resp, err := http.ReadResponse(in, nil)
	require.NoError(r.tb, err)
	n, err := io.Copy(io.Discard, resp.Body)
	require.NoError(r.tb, err)
	require.EqualValues(r.tb, 1024, n)
}

func (r *rig) warm(conns, each int) {
	var all sync.WaitGroup
	for i := range conns {
		all.Go(func() {
			conn, in := r.open(fmt.Sprintf("t%d", i))
			defer conn.Close()
			for range each {
				r.ask(conn, in)
			}
		})
	}
	all.Wait()
}

func (r *rig) fresh(tunnels int) {
	for range tunnels {
		conn, in := r.open("t")
		r.ask(conn, in)
		conn.Close()
	}
}

func runVirtual(b *testing.B, work func(*rig)) {
	inTest(b, func(t *testing.T) {
		for b.Loop() {
			synctest.Test(t, func(t *testing.T) {
				n := simnet.New(simnet.Config{Seed: 1})
				listen := func(address string) net.Listener {
					l, err := n.Listen(address)
					require.NoError(t, err)
					return l
				}
				up, roots := startUpstream(t, listen("alpha.invalid:443"))
				stop, ca := startProxy(t, listen("gateway.invalid:8080"), n.Dialer("gateway"), roots)
				work(&rig{tb: t, roots: ca, dial: func(name string) net.Conn {
					c, err := n.Dial(context.Background(), name, "gateway.invalid:8080")
					require.NoError(t, err)
					return c
				}})
				require.NoError(t, n.Settle(context.Background()))
				stop()
				up.Close()
				require.NoError(t, n.Settle(context.Background()))
				n.Close()
			})
		}
	})
}

type startFunc func(tb testing.TB, l net.Listener, dial dialFunc, roots *x509.CertPool) (stop func(), ca *x509.CertPool)

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

func runLoopback(b *testing.B, work func(*rig), start startFunc) {
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(b, err)
		return l
	}
	upstream, gateway := listen(), listen()
	up, roots := startUpstream(b, upstream)
	var d net.Dialer
	stop, ca := start(b, gateway, func(ctx context.Context, network, _ string) (net.Conn, error) {
		return d.DialContext(ctx, network, upstream.Addr().String())
	}, roots)
	r := &rig{tb: b, roots: ca, dial: func(string) net.Conn {
		c, err := d.Dial("tcp", gateway.Addr().String())
		require.NoError(b, err)
		return c
	}}
	b.ReportAllocs()
	for b.Loop() {
		work(r)
	}
	stop()
	up.Close()
}

func startUpstream(tb testing.TB, l net.Listener) (*http.Server, *x509.CertPool) {
	cert, roots := authority(tb, "alpha.invalid")
	answer := make([]byte, 1024)
	up := &http.Server{ErrorLog: quiet(), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Length", "1024")
		w.Write(answer)
	})}
	go up.Serve(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}}))
	return up, roots
}

func startProxy(tb testing.TB, l net.Listener, dial dialFunc, roots *x509.CertPool) (func(), *x509.CertPool) {
	s, err := proxy.New(proxy.Config{Dial: dial, RootCAs: roots, Source: proxy.Static{
		{Name: "alpha", Type: "openai", BaseURL: "https://alpha.invalid/v1", Keys: []string{"sk-benchmark-0123456789"}}}})
	require.NoError(tb, err)
	require.NoError(tb, s.Reload(context.Background()))
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	ca := x509.NewCertPool()
	ca.AddCert(s.CA().Certificate())
	return func() {
		require.NoError(tb, s.Shutdown(context.Background()))
		require.ErrorIs(tb, <-served, http.ErrServerClosed)
	}, ca
}

// startGoproxy is goproxy as its documentation has it, with a CA of its own, a
// cache of certificates and a transport that keeps enough connections.
func startGoproxy(tb testing.TB, l net.Listener, dial dialFunc, roots *x509.CertPool) (func(), *x509.CertPool) {
	cert, ca := authority(tb, "")
	p := goproxy.NewProxyHttpServer()
	p.Logger = quiet()
	p.CertStore = &certStore{made: map[string]*tls.Certificate{}}
	p.Tr = &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConnsPerHost: 64}
	mitm := &goproxy.ConnectAction{Action: goproxy.ConnectMitm, TLSConfig: goproxy.TLSConfigFromCA(&cert)}
	p.OnRequest().HandleConnectFunc(func(host string, _ *goproxy.ProxyCtx) (*goproxy.ConnectAction, string) { return mitm, host })
	srv := &http.Server{Handler: p, ErrorLog: quiet()}
	go srv.Serve(l)
	return func() {
		srv.Close()
		p.Tr.CloseIdleConnections()
	}, ca
}

type certStore struct {
	mu   sync.Mutex
	made map[string]*tls.Certificate
}

func (s *certStore) Fetch(host string, gen func() (*tls.Certificate, error)) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.made[host]; c != nil {
		return c, nil
	}
	c, err := gen()
	if err == nil {
		s.made[host] = c
	}
	return c, err
}

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// authority is a self-signed certificate that signs others, and is good for host.
func authority(tb testing.TB, host string) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(tb, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "gatedrill benchmark"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	if host != "" {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(tb, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(tb, err)
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, roots
}
