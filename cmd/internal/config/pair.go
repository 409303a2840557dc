package config

import (
	"crypto"
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/gatedrill/gatedrill/proxy"
)

// checkPair checks a certificate and its key, for a listener or as an authority. Its
// errors hold nothing of the files.
func checkPair(chain, secret []byte, authority bool) error {
	pair, err := tls.X509KeyPair(chain, secret)
	if err != nil {
		// What crypto/tls says quotes neither file.
		return fmt.Errorf("the certificate and its key cannot be used: %w", err)
	}
	if !authority {
		return nil
	}
	signer, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return errors.New("the key cannot sign")
	}
	_, err = proxy.NewCAFrom(pair.Leaf, signer)
	return err
}
