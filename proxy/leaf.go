package proxy

import (
	"container/list"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/coder/quartz"
)

const (
	leafLifetime = 30 * 24 * time.Hour
	// leafRenewal is how long before its end a leaf is replaced, so that one that was
	// just presented outlives the tunnel.
	leafRenewal = 10 * 24 * time.Hour
	// leafCacheSize bounds the cache; a leaf costs about 2 KiB and 100 µs.
	leafCacheSize = 1024
)

// leafCache holds one leaf certificate per intercepted host, made once however many
// tunnels ask at the same time; the least recently used goes first.
type leafCache struct {
	ca    *CA
	clock quartz.Clock
	ids   *idSource

	mu    sync.Mutex
	leafs map[string]*list.Element // of *leaf
	order *list.List               // most recently used in front
}

// leaf is one host's certificate, or the making of it. ready is closed when cert and
// err are set: those who find the entry before wait there, without the lock.
type leaf struct {
	host  string
	ready chan struct{}
	renew time.Time
	cert  *tls.Certificate
	err   error
}

func newLeafCache(ca *CA, clock quartz.Clock, ids *idSource) *leafCache {
	return &leafCache{ca: ca, clock: clock, ids: ids, leafs: map[string]*list.Element{}, order: list.New()}
}

// get returns the certificate for a host in its canonical form.
func (c *leafCache) get(host string) (*tls.Certificate, error) {
	now := c.clock.Now("proxy", "leaf")
	l, mine := c.claim(host, now)
	if !mine {
		<-l.ready
		return l.cert, l.err
	}
	l.cert, l.err = c.issue(host, now)
	if l.err != nil {
		c.forget(l)
	}
	close(l.ready)
	return l.cert, l.err
}

// claim finds the host's entry, or makes a new one, which the caller has to fill.
func (c *leafCache) claim(host string, now time.Time) (l *leaf, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.leafs[host]; ok {
		l = e.Value.(*leaf)
		if now.Before(l.renew) {
			c.order.MoveToFront(e)
			return l, false
		}
		c.order.Remove(e)
	}
	l = &leaf{host: host, ready: make(chan struct{}), renew: c.renewal(now)}
	c.leafs[host] = c.order.PushFront(l)
	if c.order.Len() > leafCacheSize {
		oldest := c.order.Back()
		c.order.Remove(oldest)
		delete(c.leafs, oldest.Value.(*leaf).host)
	}
	return l, true
}

// forget drops an entry that failed, so that the next tunnel tries again.
func (c *leafCache) forget(l *leaf) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.leafs[l.host]; ok && e.Value.(*leaf) == l {
		c.order.Remove(e)
		delete(c.leafs, l.host)
	}
}

func (c *leafCache) notAfter(now time.Time) time.Time {
	end := now.Add(leafLifetime)
	if limit := c.ca.cert.NotAfter; limit.Before(end) {
		return limit
	}
	return end
}

// renewal is when a leaf that is made now is replaced. One that ends with its authority is
// not: the next would end with it, too, and be made anew for every tunnel.
func (c *leafCache) renewal(now time.Time) time.Time {
	end := c.notAfter(now)
	if end.Before(c.ca.cert.NotAfter) {
		return end.Add(-leafRenewal)
	}
	return end
}

// issue signs a certificate. Each leaf has a key of its own: making one is cheap, and
// a shared one would tie hosts together.
func (c *leafCache) issue(host string, now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("proxy: key for %q: %w", host, err)
	}
	serial, err := c.ids.serial()
	if err != nil {
		return nil, fmt.Errorf("proxy: serial number for %q: %w", host, err)
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("proxy: key for %q: %w", host, err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		NotBefore:    now.Add(-caBackdate),
		NotAfter:     c.notAfter(now),
		SubjectKeyId: keyID(spki),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if len(host) <= 64 { // the upper bound of a common name, RFC 5280 appendix A.1
		template.Subject = pkix.Name{CommonName: host}
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, c.ca.cert, key.Public(), c.ca.key)
	if err != nil {
		return nil, fmt.Errorf("proxy: certificate for %q: %w", host, err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("proxy: certificate for %q: %w", host, err)
	}
	return &tls.Certificate{Certificate: [][]byte{der, c.ca.cert.Raw}, PrivateKey: key, Leaf: parsed}, nil
}
