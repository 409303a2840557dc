// Package naive is a small gateway as one writes it at first: one file, the standard
// library, an afternoon. It intercepts the hosts of its providers, attaches their
// keys, tries the next key when one is refused, and reloads.
//
//	CONNECT ──▶ token? provider of the host? ──▶ TLS with a certificate of our own ──▶ requests
//	request ──▶ first key that does not rest ──▶ provider ──429, 401, 403──▶ next key
//
// Each line of it is plausible, it works when one tries it by hand, and it is wrong
// in more ways than one would think: docs/explore.md tells which, and how an
// exploration finds them. It is an example of a gateway to be drilled, and none to
// be used.
package naive

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Provider is whom requests to a host belong to.
type Provider struct {
	Name, URL string
	Keys      []string
}

// Gateway is the gateway. All fields but the last are set before Serve.
type Gateway struct {
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Roots  *x509.CertPool
	CA     tls.Certificate
	Token  string                                        // of clients
	Source func(ctx context.Context) ([]Provider, error) // asked by Reload

	mu        sync.Mutex
	providers map[string]*pool // by host
	conns     map[net.Conn]bool
	transport *http.Transport
	leaf      *ecdsa.PrivateKey
}

// pool is a provider with what is known of its keys.
type pool struct {
	Provider
	mu    sync.Mutex
	rests map[string]time.Time // keys, and until when they rest
	gone  map[string]bool      // keys that were refused
}

// Reload asks the source and routes by what it says from now on.
func (g *Gateway) Reload(ctx context.Context) error {
	rows, err := g.Source(ctx)
	if err != nil {
		return err
	}
	next := map[string]*pool{}
	for _, row := range rows {
		if u, err := url.Parse(row.URL); err == nil && u.Host != "" {
			next[u.Hostname()] = &pool{Provider: row, rests: map[string]time.Time{}, gone: map[string]bool{}}
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.providers = next
	return nil
}

// Serve accepts clients until the listener is closed.
func (g *Gateway) Serve(l net.Listener) error {
	g.transport = &http.Transport{DialContext: g.Dial, TLSClientConfig: &tls.Config{RootCAs: g.Roots}, DisableCompression: true}
	g.leaf, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	g.conns = map[net.Conn]bool{}
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		g.mu.Lock()
		g.conns[conn] = true
		g.mu.Unlock()
		go g.client(conn)
	}
}

// Close ends all connections.
func (g *Gateway) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for conn := range g.conns {
		conn.Close()
	}
	g.transport.CloseIdleConnections()
}

// client serves one connection.
func (g *Gateway) client(conn net.Conn) {
	defer func() {
		conn.Close()
		g.mu.Lock()
		delete(g.conns, conn)
		g.mu.Unlock()
	}()
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil || req.Method != http.MethodConnect {
		io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
		return
	}
	_, login, _ := strings.Cut(req.Header.Get("Proxy-Authorization"), "Basic ")
	if decoded, _ := base64.StdEncoding.DecodeString(login); !strings.HasSuffix(string(decoded), ":"+g.Token) {
		io.WriteString(conn, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")
		return
	}
	host, _, _ := net.SplitHostPort(req.Host)
	g.mu.Lock()
	p := g.providers[strings.ToLower(host)]
	g.mu.Unlock()
	if p == nil {
		g.tunnel(conn, req.Host)
		return
	}
	io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
	g.intercept(conn, p, host)
}

// tunnel passes bytes on that are none of our business.
func (g *Gateway) tunnel(conn net.Conn, address string) {
	up, err := g.Dial(context.Background(), "tcp", address)
	if err != nil {
		io.WriteString(conn, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
		return
	}
	defer up.Close()
	io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		io.Copy(up, conn)
		up.Close()
	}()
	io.Copy(conn, up)
}

// intercept serves the requests of a tunnel.
func (g *Gateway) intercept(conn net.Conn, p *pool, host string) {
	cert, err := g.certificate(host)
	if err != nil {
		return
	}
	client := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}})
	defer client.Close()
	in := bufio.NewReader(client)
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if err := g.answer(req, p).Write(client); err != nil {
			return
		}
	}
}

// answer asks the provider, with one key after the other.
func (g *Gateway) answer(req *http.Request, p *pool) *http.Response {
	req.RequestURI, req.URL.Scheme, req.URL.Host = "", "https", req.Host
	last := own(req, http.StatusTooManyRequests)
	for _, key := range p.Keys {
		if !p.usable(key) {
			continue
		}
		req.Header.Set("Authorization", "Bearer "+key)
		resp, err := g.transport.RoundTrip(req)
		if err != nil {
			return own(req, http.StatusBadGateway)
		}
		if resp.StatusCode < 400 || resp.StatusCode == http.StatusBadRequest || resp.StatusCode == http.StatusNotFound {
			return resp
		}
		p.mark(key, resp)
		last = resp
	}
	return last
}

func own(req *http.Request, status int) *http.Response {
	return &http.Response{StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Request: req, Body: http.NoBody, Header: http.Header{}}
}

func (p *pool) usable(key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.gone[key] && time.Now().After(p.rests[key])
}

// mark notes what an answer says of a key.
func (p *pool) mark(key string, resp *http.Response) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
		p.gone[key] = true
		return
	}
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil {
		seconds = 60
	}
	p.rests[key] = time.Now().Add(time.Duration(seconds) * time.Second)
}

// certificate is one for a host, signed by our CA.
func (g *Gateway) certificate(host string) (tls.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, g.CA.Leaf, &g.leaf.PublicKey, g.CA.PrivateKey)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: g.leaf}, err
}
