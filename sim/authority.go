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
	"time"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// authority is a certificate authority of a world: one for the upstreams, one
// for the gateway. Bubbles begin on 2000-01-01, and so do certificates; keys are
// ECDSA P-256, since an RSA key takes longer to make than most drills to play.
type authority struct {
	cert  tls.Certificate
	roots *x509.CertPool
}

// quickCurves is how the world's own ends agree on keys. What is safe against
// computers to come costs a quarter of the time of a run, and nobody listens.
func quickCurves() []tls.CurveID { return []tls.CurveID{tls.X25519, tls.CurveP256} }

func newAuthority(name string, now time.Time) (*authority, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-24 * time.Hour), NotAfter: now.AddDate(50, 0, 0),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IsCA:     true, BasicConstraintsValid: true,
	}
	a := &authority{roots: x509.NewCertPool()}
	cert, err := a.issue(template)
	if err != nil {
		return nil, fmt.Errorf("sim: certificate authority %q: %w", name, err)
	}
	a.cert = cert
	a.roots.AddCert(cert.Leaf)
	return a, nil
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
