package proxy

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/coder/quartz"
	"github.com/elazarl/goproxy"
)

// ErrCA says that a certificate authority cannot be used.
var ErrCA = errors.New("proxy: unusable certificate authority")

const (
	// caBackdate makes a certificate valid for clients whose clock is behind.
	caBackdate = 24 * time.Hour
	caLifetime = 10 * 365 * 24 * time.Hour
)

// CA signs the leaf certificates that intercepted hosts are presented with. It is
// immutable and may be shared by servers.
type CA struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// NewCA makes an authority of its own kind: ECDSA P-256 (an RSA signature would cost
// more than the rest of a handshake), valid for ten years from 24 h before the
// clock's present. A nil clock means the real one.
func NewCA(clock quartz.Clock) (*CA, error) {
	if clock == nil {
		clock = quartz.NewReal()
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCA, err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCA, err)
	}
	now := clock.Now("proxy", "ca")
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber:          serial.Add(serial, big.NewInt(1)),
		Subject:               pkix.Name{CommonName: "gatedrill gateway CA"},
		NotBefore:             now.Add(-caBackdate),
		NotAfter:              now.Add(caLifetime),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, &x509.Certificate{Subject: pkix.Name{CommonName: "gatedrill gateway CA"}}, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCA, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCA, err)
	}
	return &CA{cert: cert, key: key}, nil
}

// NewCAFrom makes an authority of an existing certificate and its key. Its errors
// wrap ErrCA: the certificate must be allowed to sign certificates and belong to the
// key, and it must not be the one that comes with goproxy, whose private key anybody
// can read.
func NewCAFrom(cert *x509.Certificate, key crypto.Signer) (*CA, error) {
	if cert == nil || key == nil {
		return nil, fmt.Errorf("%w: a certificate and its key are required", ErrCA)
	}
	if !cert.BasicConstraintsValid || !cert.IsCA {
		return nil, fmt.Errorf("%w: %q is not a CA certificate", ErrCA, cert.Subject)
	}
	if cert.KeyUsage != 0 && cert.KeyUsage&x509.KeyUsageCertSign == 0 {
		return nil, fmt.Errorf("%w: the key usage of %q does not allow signing certificates", ErrCA, cert.Subject)
	}
	own, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCA, err)
	}
	if !bytes.Equal(own, cert.RawSubjectPublicKeyInfo) {
		return nil, fmt.Errorf("%w: the key does not belong to %q", ErrCA, cert.Subject)
	}
	public, err := publiclyKnown()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCA, err)
	}
	// Keys are compared: another certificate for the public key would be as bad.
	if bytes.Equal(own, public) {
		return nil, fmt.Errorf("%w: %q is goproxy's, and its private key is public", ErrCA, cert.Subject)
	}
	return &CA{cert: cert, key: key}, nil
}

// publiclyKnown returns the public key of the authority built into goproxy.
func publiclyKnown() ([]byte, error) {
	known, err := x509.ParseCertificate(goproxy.GoproxyCa.Certificate[0])
	if err != nil {
		return nil, err
	}
	return known.RawSubjectPublicKeyInfo, nil
}

// Certificate returns the authority's certificate; do not change it.
func (ca *CA) Certificate() *x509.Certificate { return ca.cert }

// PEM returns the certificate for clients to trust, and never the private key.
func (ca *CA) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw})
}

// keyID is the subject key identifier of a leaf (RFC 7093 section 2, method 1).
func keyID(spki []byte) []byte {
	sum := sha256.Sum256(spki)
	return sum[:20]
}
