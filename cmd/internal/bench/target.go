package bench

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/elazarl/goproxy"
)

// target is one way from the clients to the upstream.
type target struct {
	name    string
	address string         // where clients dial
	roots   *x509.CertPool // whom they trust
	tunnel  bool           // they ask for one by CONNECT; else they speak TLS at once
	keys    bool           // they bring the provider's key, as nobody else adds it
	places  []place        // where requests go; nil: the providers' own hosts
	proxy   *url.URL       // of a tunnel that wants credentials; nil: address
	runs    bool           // in another process, whose costs are not seen here
	stop    func()
}

// Others are the targets besides gatedrill and direct.
type Others struct {
	// Against are names, see Targets, and gateways that run already, see Styles.
	Against []string
	// Setup is what gateways that run already are configured with; nil: there are none.
	Setup *Setup
	// Roots are whom clients of gateways that run already trust; nil: the system's.
	Roots *x509.CertPool
}

// start starts them, direct first.
func (o Others) start(ctx context.Context, u *upstream) (all []*target, err error) {
	defer func() {
		if err != nil {
			for _, t := range all {
				t.stop()
			}
			all = nil
		}
	}()
	names, urls := []string{"direct"}, []string(nil)
	for _, text := range o.Against {
		if strings.Contains(text, "=") {
			urls = append(urls, text)
		} else if !slices.Contains(names, text) {
			names = append(names, text)
		}
	}
	for _, name := range names {
		t, err := starters[name](u)
		if err != nil {
			return all, err
		}
		all = append(all, t)
	}
	if len(urls) == 0 {
		return all, nil
	}
	if err := u.also(o.Setup); err != nil {
		return all, err
	}
	for _, text := range urls {
		t, err := o.running(ctx, u, text)
		if err != nil {
			return all, err
		}
		all = append(all, t)
	}
	return all, nil
}

// starters are the targets that can be named in Options.Against.
var starters = map[string]func(*upstream) (*target, error){
	"direct":       startDirect,
	"goproxy":      startGoproxy,
	"reverseproxy": startReverse,
}

// Targets are the names that Options.Against may have.
func Targets() []string { return slices.Sorted(maps.Keys(starters)) }

// startDirect is no gateway: the floor.
func startDirect(u *upstream) (*target, error) {
	return &target{name: "direct", address: u.l.Addr().String(), roots: u.certs.roots, keys: true, stop: func() {}}, nil
}

// startGoproxy is goproxy's own interception, as somebody sets it up who knows it: ECDSA
// leaves, each made once, and a transport that keeps its connections.
func startGoproxy(u *upstream) (*target, error) {
	ca, err := newAuthority()
	if err != nil {
		return nil, err
	}
	p := goproxy.NewProxyHttpServer()
	p.Logger = log.New(io.Discard, "", 0)
	p.CertStore = &certStore{certs: map[string]*tls.Certificate{}}
	p.Tr = u.transport()
	p.ConnectDial = nil
	mitm := &goproxy.ConnectAction{Action: goproxy.ConnectMitm, TLSConfig: goproxy.TLSConfigFromCA(&ca.Certificate)}
	p.OnRequest().HandleConnectFunc(func(host string, _ *goproxy.ProxyCtx) (*goproxy.ConnectAction, string) { return mitm, host })
	p.OnRequest().DoFunc(func(r *http.Request, _ *goproxy.ProxyCtx) (*http.Request, *http.Response) {
		r.Header.Set("Authorization", "Bearer "+firstKey(r.Host))
		return r, nil
	})
	return serve("goproxy", p, nil, ca.roots)
}

// startReverse is httputil.ReverseProxy behind TLS, by the Host header.
func startReverse(u *upstream) (*target, error) {
	ca, err := newAuthority()
	if err != nil {
		return nil, err
	}
	leaf, err := ca.leaf("*.bench.invalid")
	if err != nil {
		return nil, err
	}
	p := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "https", r.In.Host
			r.Out.Header.Set("Authorization", "Bearer "+firstKey(r.In.Host))
		},
		Transport: u.transport(),
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	return serve("reverseproxy", bodyFirst(p), &leaf, ca.roots)
}

// bodyFirst has a request's body read before a handler answers. http.Server closes the body of
// a request when its answer begins, and with what is not read of it ReverseProxy loses the
// connection to its upstream, and the rest of the answer (golang/go#40747).
func bodyFirst(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "the request's body broke off", http.StatusBadRequest)
			return
		}
		if len(body) > 0 {
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		h.ServeHTTP(w, r)
	})
}

func serve(name string, h http.Handler, leaf *tls.Certificate, roots *x509.CertPool) (*target, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &target{name: name, address: l.Addr().String(), roots: roots, tunnel: leaf == nil}
	if leaf != nil {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*leaf}})
	}
	srv := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = srv.Serve(l) }()
	t.stop = func() { _ = srv.Close() }
	return t, nil
}

// firstKey is the key with which a host's provider begins.
func firstKey(hostport string) string {
	name, _, _ := strings.Cut(hostport, ".")
	return "sk-bench-" + strings.TrimLeft(name, "pm") + "-0"
}

func (u *upstream) transport() *http.Transport {
	return &http.Transport{DialContext: u.dial, TLSClientConfig: &tls.Config{RootCAs: u.certs.roots}, MaxIdleConnsPerHost: 64}
}

// transport is a client's, on connections that it keeps or that serve one request.
func (t *target) transport(keep bool) *http.Transport {
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: t.roots}, MaxIdleConnsPerHost: 16}
	if !keep {
		// DisableKeepAlives would say so in a header, which goproxy passes on: each request
		// would cost it a connection to the upstream, too.
		tr.MaxIdleConnsPerHost = -1
	}
	if t.proxy != nil {
		tr.Proxy = http.ProxyURL(t.proxy)
		return tr
	}
	if t.address == "" { // the URLs say where
		return tr
	}
	if t.tunnel {
		tr.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: t.address})
		return tr
	}
	tr.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, t.address)
	}
	return tr
}

// certStore keeps what goproxy makes, each once.
type certStore struct {
	mu    sync.Mutex
	certs map[string]*tls.Certificate
}

// Fetch implements goproxy.CertStorage.
func (s *certStore) Fetch(host string, gen func() (*tls.Certificate, error)) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.certs[host]; c != nil {
		return c, nil
	}
	c, err := gen()
	if err == nil {
		s.certs[host] = c
	}
	return c, err
}
