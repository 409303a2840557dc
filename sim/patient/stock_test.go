package patient_test

import (
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
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/elazarl/goproxy"
	"github.com/stretchr/testify/require"
)

// stock is goproxy on loopback, as its documentation shows it: what of it the
// virtual world cannot show. The tests beside it name the row of the table that
// they are about.
type stock struct {
	proxy  *goproxy.ProxyHttpServer
	addr   string
	client *http.Client // goes through the proxy, trusts whatever it gets
}

// newStock serves goproxy, which intercepts everything with a CA of the test's;
// change adds to that.
func newStock(t *testing.T, change func(*goproxy.ProxyHttpServer)) *stock {
	t.Helper()
	p := goproxy.NewProxyHttpServer()
	p.Logger = log.New(io.Discard, "", 0)
	ca := newCA(t)
	mitm := &goproxy.ConnectAction{Action: goproxy.ConnectMitm, TLSConfig: goproxy.TLSConfigFromCA(&ca)}
	if change != nil {
		change(p)
	}
	p.OnRequest().HandleConnectFunc(func(host string, _ *goproxy.ProxyCtx) (*goproxy.ConnectAction, string) { return mitm, host })
	return serveStock(t, p)
}

func serveStock(t *testing.T, p *goproxy.ProxyHttpServer) *stock {
	t.Helper()
	p.Tr.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} // upstreams are this test's
	server := httptest.NewUnstartedServer(p)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	proxyURL, err := url.Parse(server.URL)
	require.NoError(t, err)
	tr := &http.Transport{Proxy: http.ProxyURL(proxyURL), TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxIdleConnsPerHost: 64}
	t.Cleanup(tr.CloseIdleConnections)
	return &stock{proxy: p, addr: server.Listener.Addr().String(), client: &http.Client{Transport: tr, Timeout: 20 * time.Second}}
}

// get returns the status of an answer, which is read to its end.
func (s *stock) get(target string) (int, error) {
	resp, err := s.client.Get(target)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// newUpstream is an upstream over TLS that counts its connections.
func newUpstream(t *testing.T, h http.Handler) (target string, accepted func() int) {
	t.Helper()
	connections := make(chan struct{}, 10000)
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections <- struct{}{}
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL, func() int { return len(connections) }
}

func newCA(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}
