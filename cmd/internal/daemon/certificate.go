package daemon

import (
	"crypto/tls"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// renewBefore is how long before its end the gateway replaces its own certificate.
const renewBefore = 30 * 24 * time.Hour

// certificate is the TLS proxy's: from files that are read again at every reload, or
// the gateway's own.
type certificate struct {
	cfg     *Config
	current atomic.Pointer[tls.Certificate]
}

func newCertificate(cfg *Config) (*certificate, error) {
	c := &certificate{cfg: cfg}
	return c, c.refresh()
}

// config is for ServeTLS: each handshake gets the certificate of its time.
func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		if c.cfg.CertFile == "" && c.isOld() {
			if err := c.refresh(); err != nil {
				return nil, err
			}
		}
		return c.current.Load(), nil
	}}
}

func (c *certificate) isOld() bool {
	cert := c.current.Load()
	return cert == nil || c.cfg.Clock.Until(cert.Leaf.NotAfter, "daemon", "certificate") < renewBefore
}

// refresh reads the files, or makes a certificate when it is time to. After an error the
// previous one stays.
func (c *certificate) refresh() error {
	var cert *tls.Certificate
	switch {
	case c.cfg.CertFile != "":
		pair, err := tls.LoadX509KeyPair(c.cfg.CertFile, c.cfg.KeyFile)
		if err != nil {
			return fmt.Errorf("daemon: listen.proxy_tls.cert: %w", err)
		}
		cert = &pair
	case !c.isOld():
		return nil
	default:
		var err error
		if cert, err = c.cfg.Authority.Leaf(names(c.cfg.Names)); err != nil {
			return fmt.Errorf("daemon: listen.proxy_tls: %w", err)
		}
	}
	c.current.Store(cert)
	return nil
}

// names are those of the certificate when nobody says which.
func names(given []string) []string {
	if given != nil {
		return given
	}
	all := []string{"localhost", "127.0.0.1", "::1"}
	if host, err := os.Hostname(); err == nil && host != "" && !strings.EqualFold(host, "localhost") {
		all = append(all, strings.ToLower(host))
	}
	return all
}
