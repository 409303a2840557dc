package proxy_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/quartz"
	"github.com/elazarl/goproxy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// presented is the certificate that a CONNECT to the host gets.
func (w *world) presented(target string) *x509.Certificate {
	c := w.tunnelAs(target, "", &tls.Config{InsecureSkipVerify: true})
	defer c.conn.Close()
	return c.conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
}

func TestLeafCertificates(t *testing.T) {
	w := newWorld(t, nil)
	long := "https://" + string(make63('a')) + ".invalid"
	w.source.set(row("alpha", "https://alpha.invalid"), row("ip4", "https://192.0.2.1"), row("ip6", "https://[2001:db8::1]"), row("long", long))
	w.reload()
	leaf := w.presented("alpha.invalid:443")
	key, ok := leaf.PublicKey.(*ecdsa.PublicKey)
	require.True(t, ok)
	assert.Equal(t, elliptic.P256(), key.Curve)
	assert.Equal(t, []string{"alpha.invalid"}, leaf.DNSNames)
	assert.Equal(t, 1, leaf.SerialNumber.Sign())
	assert.False(t, leaf.IsCA)
	_, err := leaf.Verify(x509.VerifyOptions{Roots: w.roots, DNSName: "alpha.invalid"})
	assert.NoError(t, err)

	for _, target := range []string{"ALPHA.invalid:443", "alpha.invalid.:443", "alpha.invalid:80"} {
		assert.Equal(t, leaf.SerialNumber, w.presented(target).SerialNumber, "%s: one host, one certificate", target)
	}
	assert.Equal(t, "192.0.2.1", w.presented("192.0.2.1:443").IPAddresses[0].String())
	assert.Equal(t, "2001:db8::1", w.presented("[2001:db8:0::1]:443").IPAddresses[0].String())
	assert.Empty(t, w.presented(long[len("https://"):]+":443").Subject.CommonName, "a common name has at most 64 characters")
}

func make63(c byte) []byte {
	b := make([]byte, 63)
	for i := range b {
		b[i] = c
	}
	return b
}

// However many ask at once, one certificate is made.
func TestLeafSingleFlight(t *testing.T) {
	w := newWorld(t, nil)
	w.source.set(row("alpha", "https://alpha.invalid"))
	w.reload()
	var mu sync.Mutex
	serials := map[string]int{}
	var all sync.WaitGroup
	for range 24 {
		all.Go(func() {
			serial := w.presented("alpha.invalid:443").SerialNumber.String()
			mu.Lock()
			defer mu.Unlock()
			serials[serial]++
		})
	}
	all.Wait()
	assert.Len(t, serials, 1)
}

func TestLeafCache(t *testing.T) {
	clock := quartz.NewMock(t).WithLogger(quartz.NoOpLogger)
	ca, err := proxy.NewCA(clock)
	require.NoError(t, err)
	draws := &countingReader{}
	leaves := proxy.NewLeaves(ca, clock, draws)

	first, err := leaves.Get("alpha.invalid")
	require.NoError(t, err)
	again, err := leaves.Get("alpha.invalid")
	require.NoError(t, err)
	assert.Same(t, first, again)
	assert.Equal(t, 1, draws.n)

	// Renewed well before it ends, not before.
	left := first.Leaf.NotAfter.Sub(clock.Now())
	clock.Advance(left - proxy.LeafRenewal - time.Second)
	again, err = leaves.Get("alpha.invalid")
	require.NoError(t, err)
	assert.Same(t, first, again)
	clock.Advance(time.Second)
	renewed, err := leaves.Get("alpha.invalid")
	require.NoError(t, err)
	assert.NotSame(t, first, renewed)
	assert.True(t, renewed.Leaf.NotAfter.After(first.Leaf.NotAfter))
	assert.Equal(t, 1, leaves.Len())

	// Bounded: the least recently used goes.
	for i := range proxy.LeafCacheSize - 1 {
		_, err := leaves.Get(fmt.Sprintf("h%d.invalid", i))
		require.NoError(t, err)
	}
	_, err = leaves.Get("alpha.invalid")
	require.NoError(t, err)
	_, err = leaves.Get("one-more.invalid")
	require.NoError(t, err)
	assert.Equal(t, proxy.LeafCacheSize, leaves.Len())
	made := draws.n
	kept, err := leaves.Get("alpha.invalid")
	require.NoError(t, err)
	assert.Same(t, renewed, kept)
	assert.Equal(t, made, draws.n)
	_, err = leaves.Get("h0.invalid")
	require.NoError(t, err)
	assert.Equal(t, made+1, draws.n, "h0 was the oldest")
}

// In the last days of an authority a leaf ends with it, and no other would last longer: it
// is made once all the same, not for every tunnel.
func TestLeafOfAnAuthorityThatEnds(t *testing.T) {
	clock := quartz.NewMock(t).WithLogger(quartz.NoOpLogger)
	ca, err := proxy.NewCA(clock)
	require.NoError(t, err)
	draws := &countingReader{}
	leaves := proxy.NewLeaves(ca, clock, draws)
	end := ca.Certificate().NotAfter
	clock.Advance(end.Sub(clock.Now()) - proxy.LeafRenewal/2)
	first, err := leaves.Get("alpha.invalid")
	require.NoError(t, err)
	assert.Equal(t, end, first.Leaf.NotAfter)
	clock.Advance(proxy.LeafRenewal/2 - time.Second)
	again, err := leaves.Get("alpha.invalid")
	require.NoError(t, err)
	assert.Same(t, first, again)
	assert.Equal(t, 1, draws.n)
}

// Who asks while the certificate is being made waits for that one.
func TestLeafSecondAskerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca, err := proxy.NewCA(nil)
		require.NoError(t, err)
		draws := &countingReader{gate: make(chan struct{})}
		leaves := proxy.NewLeaves(ca, quartz.NewReal(), draws)
		got := make(chan *tls.Certificate, 3)
		for range 3 {
			go func() {
				cert, err := leaves.Get("alpha.invalid")
				assert.NoError(t, err)
				got <- cert
			}()
		}
		synctest.Wait()
		assert.Empty(t, got)
		close(draws.gate)
		first := <-got
		require.NotNil(t, first)
		assert.Same(t, first, <-got)
		assert.Same(t, first, <-got)
		assert.Equal(t, 1, draws.n)
	})
}

// A failure is not remembered.
func TestLeafAfterAFailure(t *testing.T) {
	ca, err := proxy.NewCA(nil)
	require.NoError(t, err)
	draws := &countingReader{broken: true}
	leaves := proxy.NewLeaves(ca, quartz.NewReal(), draws)
	_, err = leaves.Get("alpha.invalid")
	require.ErrorIs(t, err, errBroken)
	assert.ErrorContains(t, err, "alpha.invalid")
	assert.Zero(t, leaves.Len())
	draws.broken = false
	_, err = leaves.Get("alpha.invalid")
	assert.NoError(t, err)
}

// A leaf does not outlive its authority.
func TestLeafEndsWithItsCA(t *testing.T) {
	clock := quartz.NewMock(t).WithLogger(quartz.NoOpLogger)
	ca, err := proxy.NewCA(clock)
	require.NoError(t, err)
	clock.Set(ca.Certificate().NotAfter.Add(-time.Hour))
	leaf, err := proxy.NewLeaves(ca, clock, rand.Reader).Get("alpha.invalid")
	require.NoError(t, err)
	assert.Equal(t, ca.Certificate().NotAfter, leaf.Leaf.NotAfter)
}

var errBroken = errors.New("no more randomness")

type countingReader struct {
	n      int
	broken bool
	gate   chan struct{} // nil: open
}

func (r *countingReader) Read(p []byte) (int, error) {
	if r.broken {
		return 0, errBroken
	}
	r.n++
	if r.gate != nil {
		<-r.gate
	}
	return rand.Read(p)
}

// Never for hosts that are tunnelled.
func TestNoLeafForTunnelledHosts(t *testing.T) {
	w, _ := twoProviders(t)
	leaf := w.presented("evil.invalid:443")
	assert.Equal(t, "upstreams", leaf.Issuer.CommonName)
}

func TestCA(t *testing.T) {
	clock := quartz.NewMock(t).WithLogger(quartz.NoOpLogger)
	clock.Set(time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC))
	ca, err := proxy.NewCA(clock)
	require.NoError(t, err)
	cert := ca.Certificate()
	assert.True(t, cert.IsCA)
	assert.True(t, cert.NotBefore.Before(clock.Now()))
	assert.True(t, cert.NotAfter.After(clock.Now().AddDate(9, 0, 0)))
	assert.Equal(t, x509.ECDSA, cert.PublicKeyAlgorithm)

	block, rest := pem.Decode(ca.PEM())
	require.NotNil(t, block)
	assert.Empty(t, rest, "one certificate, and no key")
	assert.Equal(t, "CERTIFICATE", block.Type)
	assert.Equal(t, cert.Raw, block.Bytes)

	other, err := proxy.NewCA(nil)
	require.NoError(t, err)
	assert.NotEqual(t, cert.PublicKey, other.Certificate().PublicKey, "every server has its own")
}

func TestNewCAFrom(t *testing.T) {
	own := newTestCA(t)
	ca, err := proxy.NewCAFrom(own.cert, own.key)
	require.NoError(t, err)
	w := newWorld(t, func(c *proxy.Config) { c.CA = ca })
	assert.Same(t, ca, w.server.CA())
	w.source.set(row("alpha", "https://alpha.invalid"))
	w.reload()
	assert.Equal(t, own.cert.Subject.CommonName, w.presented("alpha.invalid:443").Issuer.CommonName)

	known, err := x509.ParseCertificate(goproxy.GoproxyCa.Certificate[0])
	require.NoError(t, err)
	_, err = proxy.NewCAFrom(known, goproxy.GoproxyCa.PrivateKey.(*rsa.PrivateKey))
	assert.ErrorIs(t, err, proxy.ErrCA)
	assert.ErrorContains(t, err, "public")
	// Neither under another name.
	disguised := &x509.Certificate{SerialNumber: big.NewInt(7), IsCA: true, BasicConstraintsValid: true, NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, disguised, disguised, known.PublicKey, goproxy.GoproxyCa.PrivateKey)
	require.NoError(t, err)
	disguised, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	_, err = proxy.NewCAFrom(disguised, goproxy.GoproxyCa.PrivateKey.(*rsa.PrivateKey))
	assert.ErrorContains(t, err, "public")

	_, err = proxy.NewCAFrom(own.cert, newTestCA(t).key)
	assert.ErrorIs(t, err, proxy.ErrCA)
	assert.ErrorContains(t, err, "does not belong")
	leaf := own.leaf("alpha.invalid")
	cert, err := x509.ParseCertificate(leaf.Certificate[0])
	require.NoError(t, err)
	_, err = proxy.NewCAFrom(cert, leaf.PrivateKey.(*ecdsa.PrivateKey))
	assert.ErrorContains(t, err, "not a CA")
	_, err = proxy.NewCAFrom(nil, nil)
	assert.ErrorIs(t, err, proxy.ErrCA)
}
