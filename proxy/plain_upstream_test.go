package proxy_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// plainUpstream is a scripted provider behind a TLS listener on loopback.
type plainUpstream struct {
	*fakeupstream.Upstream
	accepted atomic.Int64 // connections
	read     int          // requests that took has returned
}

// plainSecrets are the keys that every upstream of these tests can tell apart.
func plainSecrets() map[string]string {
	return map[string]string{"k0": "sk-zero", "k1": "sk-one"}
}

// upstream makes host reachable, answered by the rules.
func (g *plainGateway) upstream(host string, rules ...string) *plainUpstream {
	g.t.Helper()
	up := &plainUpstream{Upstream: fakeupstream.New(fakeupstream.Config{Name: host, Secrets: plainSecrets()})}
	parsed := make([]fakeupstream.Rule, len(rules))
	for i, text := range rules {
		var err error
		parsed[i], err = fakeupstream.ParseRule(text)
		require.NoError(g.t, err)
	}
	up.Play(parsed...)
	server := httptest.NewUnstartedServer(up)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{g.certs.serve}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			up.accepted.Add(1)
		}
	}
	server.StartTLS()
	g.t.Cleanup(server.Close)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hosts[host+":443"] = server.Listener.Addr().String()
	return up
}

// took returns the requests since the last call, as "METHOD target key".
func (u *plainUpstream) took() []string {
	var got []string
	requests := u.Requests()
	for _, r := range requests[u.read:] {
		target := r.Path
		if r.RawQuery != "" {
			target += "?" + r.RawQuery
		}
		got = append(got, r.Method+" "+target+" "+r.Key)
	}
	u.read = len(requests)
	return got
}

// only returns the one request that came.
func (u *plainUpstream) only(t *testing.T) fakeupstream.Request {
	t.Helper()
	requests := u.Requests()
	require.Len(t, requests, 1)
	return requests[0]
}

// plainCerts is the certificate that all upstreams of a test share; it is its own
// authority.
type plainCerts struct {
	serve tls.Certificate
	root  *x509.Certificate
}

func newPlainCerts(t *testing.T, names ...string) plainCerts {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Unix(1<<33, 0),
		DNSNames:     names,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	root, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return plainCerts{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, root}
}

func (c plainCerts) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(c.root)
	return pool
}
