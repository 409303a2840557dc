// Package castore keeps the authority of a gateway across starts.
//
//	DIR/ca.pem       the certificate and its private key, mode 0600
//	DIR/ca-cert.pem  the certificate alone, for clients
//
// The authority is made by the first start. It is one file, so that there is no half of
// it: written beside its place, synced, and linked there, which only one of two first
// starts succeeds with; the other one loads what it finds. So a process may be killed at
// any instant, and any number of them may start at the same time: all have one authority.
//
//	authority, err := castore.Open(dir, nil)
//	authority.CA    // for proxy.Config
//	authority.Leaf(names)
package castore

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/coder/quartz"

	"github.com/gatedrill/gatedrill/proxy"
)

// ErrStore is wrapped by what keeps an authority from being used.
var ErrStore = errors.New("castore: unusable certificate authority")

// The files of a store.
const (
	fileBoth = "ca.pem"
	fileCert = "ca-cert.pem"
	fileTemp = ".ca-*.tmp"
)

// Authority is a certificate authority with its key. It is immutable.
type Authority struct {
	// CA is for the gateway.
	CA *proxy.CA
	// Path is the file that clients are to trust.
	Path string
	// KeyFile is the file that holds the private key.
	KeyFile string
	// Made is true when this Open made it.
	Made bool

	cert  *x509.Certificate
	key   crypto.Signer
	clock quartz.Clock
}

// Open loads the authority that is kept in a folder, and makes folder and authority when
// there is none. It may be called by several processes at the same time. A nil clock
// means the real one. Errors wrap ErrStore and name the file.
func Open(dir string, clock quartz.Clock) (*Authority, error) {
	if clock == nil {
		clock = quartz.NewReal()
	}
	path := filepath.Join(dir, fileBoth)
	text, err := os.ReadFile(path)
	made := false
	if errors.Is(err, fs.ErrNotExist) {
		if made, err = create(dir, path, clock); err == nil {
			text, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	a, err := parse(text, text, clock)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrStore, path, err)
	}
	a.Made, a.Path, a.KeyFile = made, filepath.Join(dir, fileCert), path
	if err := publish(a.Path, a.CA.PEM()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	sweep(dir)
	return a, nil
}

// FromFiles loads an authority that somebody else made. A nil clock means the real one.
func FromFiles(cert, key string, clock quartz.Clock) (*Authority, error) {
	chain, err := os.ReadFile(cert)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	secret, err := os.ReadFile(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStore, err)
	}
	if clock == nil {
		clock = quartz.NewReal()
	}
	a, err := parse(chain, secret, clock)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrStore, cert, err)
	}
	a.Path, a.KeyFile = cert, key
	return a, nil
}

// Exposed reports the mode of a private key's file when others than its owner may read
// it, else "".
func Exposed(path string) string {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return ""
	}
	return info.Mode().Perm().String()
}

func parse(chain, secret []byte, clock quartz.Clock) (*Authority, error) {
	pair, err := tls.X509KeyPair(chain, secret)
	if err != nil {
		return nil, err
	}
	signer, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, errors.New("the key cannot sign")
	}
	ca, err := proxy.NewCAFrom(pair.Leaf, signer)
	if err != nil {
		return nil, err
	}
	if now := clock.Now("castore", "open"); now.After(pair.Leaf.NotAfter) {
		return nil, fmt.Errorf("the certificate has expired on %s; move it away, and the next start makes another", pair.Leaf.NotAfter.Format("2006-01-02"))
	}
	return &Authority{CA: ca, cert: pair.Leaf, key: signer, clock: clock}, nil
}

// create makes an authority, and reports whether it was this call that did.
func create(dir, path string, clock quartz.Clock) (bool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, err
	}
	text, err := generate(clock)
	if err != nil {
		return false, err
	}
	for range 10 { // another start's sweep may take the file away before it is linked
		temp, err := writeTemp(dir, text, 0o600)
		if err != nil {
			return false, err
		}
		err = os.Link(temp, path)
		if unsupported(err) {
			err = claim(temp, path)
		}
		_ = os.Remove(temp)
		switch {
		case err == nil:
			return true, syncDir(dir)
		case errors.Is(err, fs.ErrExist):
			return false, nil
		case !errors.Is(err, fs.ErrNotExist):
			return false, err
		}
		if _, err := os.Stat(path); err == nil {
			return false, nil
		}
	}
	return false, fmt.Errorf("%s cannot be put in its place", path)
}

// claim is for file systems without hard links: a rename is as whole as a link, but two
// first starts at the same instant may each have an authority of its own, until the next.
func claim(temp, path string) error {
	if _, err := os.Stat(path); err == nil {
		return fs.ErrExist
	}
	return os.Rename(temp, path)
}

func unsupported(err error) bool {
	return err != nil && !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist)
}

// publish puts the certificate where clients find it, when it is not there already.
func publish(path string, cert []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, cert) {
		return nil
	}
	temp, err := writeTemp(filepath.Dir(path), cert, 0o644)
	if err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // else another start's sweep took it, after publishing the same
	}
	return syncDir(filepath.Dir(path))
}

// writeTemp writes a file that is on the disk when it returns, unless another start's sweep
// took it, which is no error here.
func writeTemp(dir string, text []byte, mode fs.FileMode) (string, error) {
	f, err := os.CreateTemp(dir, fileTemp)
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		_ = os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // where a folder cannot be synced
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// sweep removes what killed starts left. What a start that goes on has just written it
// writes again.
func sweep(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".ca-") && strings.HasSuffix(e.Name(), ".tmp") {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// generate makes the text of a new authority: its certificate and its key.
func generate(clock quartz.Clock) ([]byte, error) {
	cert, key, err := newAuthority(clock)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	return append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...), nil
}
