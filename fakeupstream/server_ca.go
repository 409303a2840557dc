package fakeupstream

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"sync"
	"time"
)

// CA is a certificate authority for fake upstreams. Its private key is made when it is, and never leaves the process.
// Safe for concurrent use.
type CA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey

	mu     sync.Mutex
	leaves map[string]*tls.Certificate // by host
}

// caDay is how much earlier than now certificates begin, for clients whose clock is behind.
const caDay = 24 * time.Hour

// NewCA makes an authority that is valid for fifty years, from a day ago. ECDSA P-256: an RSA key would take longer
// to make than most tests run.
func NewCA() (*CA, error) {
	ca := &CA{leaves: map[string]*tls.Certificate{}}
	cert, err := ca.issue(&x509.Certificate{
		Subject:  pkix.Name{CommonName: "gatedrill fake upstreams"},
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IsCA:     true, BasicConstraintsValid: true,
	})
	if err != nil {
		return nil, fmt.Errorf("fakeupstream: certificate authority: %w", err)
	}
	ca.cert, ca.key = cert.Leaf, cert.PrivateKey.(*ecdsa.PrivateKey)
	return ca, nil
}

// Certificate returns the authority's certificate; do not change it.
func (ca *CA) Certificate() *x509.Certificate { return ca.cert }

// PEM returns the certificate for clients to trust, and never the private key.
func (ca *CA) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw})
}

// Roots returns a new pool that trusts the authority and nobody else.
func (ca *CA) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	return pool
}

// Leaf returns the server certificate of a host, a name or an IP address. The same one each time.
func (ca *CA) Leaf(host string) (*tls.Certificate, error) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	if leaf := ca.leaves[host]; leaf != nil {
		return leaf, nil
	}
	leaf, err := ca.issue(leafTemplate(host))
	if err != nil {
		return nil, fmt.Errorf("fakeupstream: certificate of %s: %w", host, err)
	}
	ca.leaves[host] = leaf
	return leaf, nil
}

// Wrong returns a certificate that nobody should accept for a host: of the kinds CertOtherHost, CertExpired and
// CertSelfSigned, as Config.Certificate wants them.
func (ca *CA) Wrong(host string, kind ConnectionKind) (tls.Certificate, error) {
	template := leafTemplate(host)
	issuer := ca
	switch kind {
	case CertOtherHost:
		template.DNSNames, template.IPAddresses = []string{"another-host.invalid"}, nil
	case CertExpired:
		template.NotBefore, template.NotAfter = time.Now().Add(-3*caDay), time.Now().Add(-2*caDay)
	case CertSelfSigned:
		issuer = &CA{}
	}
	cert, err := issuer.issue(template)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("fakeupstream: certificate of %s: %w", host, err)
	}
	return *cert, nil
}

// TLS is a server's configuration that shows the certificate of whatever host a client asks for, and of the address
// that it came to when it names none (RFC 6066, section 3: an IP address cannot be named). HTTP/1.1 only: HTTP/2 has
// no bytes between which an answer could break as these do.
func (ca *CA) TLS() *tls.Config {
	return &tls.Config{
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			name := hello.ServerName
			if name == "" {
				var err error
				if name, _, err = net.SplitHostPort(hello.Conn.LocalAddr().String()); err != nil {
					return nil, fmt.Errorf("fakeupstream: whose certificate? %w", err)
				}
			}
			return ca.Leaf(name)
		},
	}
}

func leafTemplate(host string) *x509.Certificate {
	t := &x509.Certificate{
		Subject:     pkix.Name{CommonName: host},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		t.IPAddresses = []net.IP{ip}
	} else {
		t.DNSNames = []string{host}
	}
	return t
}

// issue signs a certificate with a key of its own; an authority that has no certificate yet lets it sign itself.
// Certificates hold in real time, where real clients judge them, whatever Config.Clock says.
func (ca *CA) issue(template *x509.Certificate) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, err
	}
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-caDay), time.Now().AddDate(50, 0, 0)
	}
	parent, signer := template, key
	if ca.cert != nil {
		parent, signer = ca.cert, ca.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}
