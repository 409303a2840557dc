package bench_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/elazarl/goproxy"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
	"github.com/gatedrill/gatedrill/proxy/record"
)

// gateway is one way from the clients to the upstream.
type gateway struct {
	name    string
	address string
	roots   *x509.CertPool
	tunnel  bool // clients ask for it by CONNECT; else they speak TLS at once
	// made counts the leaf certificates that were made.
	made *atomic.Int64
}

// startAll starts the gateways that are compared, ours first, and the way without one.
func startAll(tb testing.TB) []*gateway {
	u := startUpstream(tb)
	all := []*gateway{
		startGatedrill(tb, u),
		startGoproxy(tb, u),
		startReverse(tb, u),
		{name: "direct", address: u.listener.Addr().String(), roots: u.roots},
	}
	return wanted(tb, all)
}

// wanted are those that -only names.
func wanted(tb testing.TB, all []*gateway) []*gateway {
	if *only == "" {
		return all
	}
	names := strings.Split(*only, ",")
	some := slices.DeleteFunc(all, func(g *gateway) bool { return !slices.Contains(names, g.name) })
	require.Len(tb, some, len(names), "-only %s", *only)
	return some
}

// startGatedrill is the reference gateway as its configuration's zero values have it,
// with one provider and one key.
func startGatedrill(tb testing.TB, u *upstream) *gateway {
	return startRecorded(tb, u, "gatedrill", nil)
}

// startRecorded is that gateway under a name of its own, with a recorder; nil: with none.
func startRecorded(tb testing.TB, u *upstream, name string, recorder *record.Recorder) *gateway {
	authority, roots := certificate(tb, "")
	signer := &countingSigner{Signer: authority.PrivateKey.(crypto.Signer)}
	ca, err := proxy.NewCAFrom(authority.Leaf, signer)
	require.NoError(tb, err)
	s, err := proxy.New(proxy.Config{
		CA:       ca,
		Dial:     u.dial,
		RootCAs:  u.roots,
		Recorder: recorder,
		Source: proxy.Static{{Name: "alpha", Type: "openai", BaseURL: "https://" + upstreamHost,
			Keys: []string{"sk-benchmark-0123456789"}}},
	})
	require.NoError(tb, err)
	require.NoError(tb, s.Reload(context.Background()))
	l := listen(tb)
	go func() { _ = s.Serve(l) }()
	tb.Cleanup(func() {
		at, cancel := context.WithCancel(context.Background())
		cancel() // clients that are still there are not waited for
		_ = s.Shutdown(at)
	})
	return &gateway{name: name, address: l.Addr().String(), roots: roots, tunnel: true, made: &signer.made}
}

// startGoproxy is goproxy's own interception, as somebody sets it up who knows it: an
// authority of its own, with an ECDSA key (so that goproxy makes ECDSA leaves), a cache
// of certificates, a transport that keeps its connections, and no handlers but the one
// that asks for interception.
func startGoproxy(tb testing.TB, u *upstream) *gateway {
	authority, roots := certificate(tb, "")
	store := &certStore{certs: map[string]*tls.Certificate{}}
	p := goproxy.NewProxyHttpServer()
	p.Logger = log.New(io.Discard, "", 0)
	p.CertStore = store
	p.Tr = transport(u)
	p.ConnectDial = nil
	mitm := &goproxy.ConnectAction{Action: goproxy.ConnectMitm, TLSConfig: goproxy.TLSConfigFromCA(&authority)}
	p.OnRequest().HandleConnectFunc(func(host string, _ *goproxy.ProxyCtx) (*goproxy.ConnectAction, string) {
		return mitm, host
	})
	return &gateway{name: "goproxy", address: serve(tb, listen(tb), p), roots: roots, tunnel: true, made: &store.made}
}

// startReverse is net/http's reverse proxy behind TLS: no CONNECT and no interception,
// clients have to be told its address.
func startReverse(tb testing.TB, u *upstream) *gateway {
	cert, roots := certificate(tb, upstreamHost)
	l := tls.NewListener(listen(tb), &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}})
	address := serve(tb, l, &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "https", Host: upstreamHost}) },
		Transport: transport(u),
		ErrorLog:  log.New(io.Discard, "", 0),
	})
	return &gateway{name: "reverse", address: address, roots: roots}
}

func transport(u *upstream) *http.Transport {
	return &http.Transport{
		DialContext:         u.dial,
		TLSClientConfig:     &tls.Config{RootCAs: u.roots},
		MaxIdleConnsPerHost: 256,
	}
}

func listen(tb testing.TB) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	return l
}

func serve(tb testing.TB, l net.Listener, h http.Handler) (address string) {
	srv := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = srv.Serve(l) }()
	tb.Cleanup(func() { _ = srv.Close() })
	return l.Addr().String()
}

// certStore keeps what goproxy makes, each once.
type certStore struct {
	made  atomic.Int64
	mu    sync.Mutex
	certs map[string]*tls.Certificate
}

func (s *certStore) Fetch(host string, gen func() (*tls.Certificate, error)) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.certs[host]; c != nil {
		return c, nil
	}
	s.made.Add(1)
	c, err := gen()
	if err == nil {
		s.certs[host] = c
	}
	return c, err
}

// countingSigner is an authority's key that counts the certificates it signs.
type countingSigner struct {
	crypto.Signer
	made atomic.Int64
}

func (s *countingSigner) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	s.made.Add(1)
	return s.Signer.Sign(r, digest, opts)
}

// certificate is a self-signed one that may sign others; host, when there is one, is
// whom it is good for.
func certificate(tb testing.TB, host string) (tls.Certificate, *x509.CertPool) {
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
