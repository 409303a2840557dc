package sim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// authority is a certificate authority of a world: one for the upstreams, one
// for the gateway. Bubbles begin on 2000-01-01, and so do certificates; keys are
// ECDSA P-256, since an RSA key takes longer to make than most drills to play.
type authority struct {
	cert  tls.Certificate
	roots *x509.CertPool

	mu      sync.Mutex
	vouched map[string]bool // by certificate: whether the authority has signed it
}

// quickCurves is how the world's own ends agree on keys. What is safe against
// computers to come costs a quarter of the time of a run, and nobody listens.
func quickCurves() []tls.CurveID { return []tls.CurveID{tls.X25519, tls.CurveP256} }

// bubblesBegin is when time begins in a bubble (package testing/synctest).
var bubblesBegin = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// ofGateways and ofUpstreams are the certificates of the authorities. Those of one
// process are the same in all of its worlds, which have no secrets from one another;
// Run asks for them outside of any bubble, so that no world's randomness is used.
var (
	ofGateways  = sync.OnceValues(func() (tls.Certificate, error) { return selfSigned("gatedrill gateway CA", bubblesBegin) })
	ofUpstreams = sync.OnceValues(func() (tls.Certificate, error) { return selfSigned("gatedrill upstream CA", bubblesBegin) })
)

func selfSigned(name string, now time.Time) (tls.Certificate, error) {
	cert, err := (&authority{}).issue(&x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-24 * time.Hour), NotAfter: now.AddDate(50, 0, 0),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IsCA:     true, BasicConstraintsValid: true,
	})
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("sim: certificate authority %q: %w", name, err)
	}
	return cert, nil
}

// newAuthority is a world's own view of one: whom it trusts is nobody else's affair.
func newAuthority(cert func() (tls.Certificate, error)) (*authority, error) {
	c, err := cert()
	if err != nil {
		return nil, err
	}
	a := &authority{cert: c, roots: x509.NewCertPool()}
	a.roots.AddCert(c.Leaf)
	return a, nil
}

// vouches reports whether a certificate is good for a host now, for any at "". Clients
// see the same few certificates again and again, so whose signature is on one is found
// out once in a world; the time and the host are looked at each time.
func (a *authority) vouches(cert *x509.Certificate, host string, now time.Time) bool {
	if now.Before(cert.NotBefore) || now.After(cert.NotAfter) || host != "" && cert.VerifyHostname(host) != nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	signed, known := a.vouched[string(cert.Raw)]
	if !known {
		_, err := cert.Verify(x509.VerifyOptions{Roots: a.roots, CurrentTime: now})
		if signed = err == nil; a.vouched == nil {
			a.vouched = map[string]bool{}
		}
		a.vouched[string(cert.Raw)] = signed
	}
	return signed
}

// leaf is a server certificate for one host name.
func (a *authority) leaf(host string, now time.Time) (tls.Certificate, error) {
	return a.issue(&x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: host},
		DNSNames:     []string{host},
		NotBefore:    now.Add(-24 * time.Hour), NotAfter: now.AddDate(50, 0, 0),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
}

// wrong is a server certificate that nobody should accept for a host.
func (a *authority) wrong(host string, kind fakeupstream.ConnectionKind, now time.Time) (tls.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(3),
		Subject:      pkix.Name{CommonName: host},
		DNSNames:     []string{host},
		NotBefore:    now.Add(-48 * time.Hour), NotAfter: now.AddDate(50, 0, 0),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	switch kind {
	case fakeupstream.CertOtherHost:
		template.DNSNames = []string{"another-host.invalid"}
	case fakeupstream.CertExpired:
		template.NotAfter = now.Add(-24 * time.Hour)
	case fakeupstream.CertSelfSigned:
		return (&authority{}).issue(template)
	}
	return a.issue(template)
}

func (a *authority) issue(template *x509.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	parent, signer := template, any(key)
	if a.cert.Leaf != nil {
		parent, signer = a.cert.Leaf, a.cert.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}
