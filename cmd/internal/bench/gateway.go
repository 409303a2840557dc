package bench

import (
	"context"
	"crypto"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/gatedrill/gatedrill/proxy"
)

// gateway is ours, with the source that its reloads ask.
type gateway struct {
	*target
	server *proxy.Server
	source *source
}

// startGatedrill is the reference gateway as its configuration's zero values have it, but
// for proxy.Config.Probes.
func startGatedrill(u *upstream, rows []proxy.Provider, probes int) (*gateway, error) {
	certs, err := newAuthority()
	if err != nil {
		return nil, err
	}
	ca, err := proxy.NewCAFrom(certs.Leaf, certs.PrivateKey.(crypto.Signer))
	if err != nil {
		return nil, err
	}
	g := &gateway{source: &source{rows: rows}}
	g.server, err = proxy.New(proxy.Config{
		CA: ca, Dial: u.dial, RootCAs: u.certs.roots, Source: g.source, WrapBridge: u.ledger.watch, Probes: probes,
		// What is passed through reaches the upstream, and hosts of no provider are nobody's.
		Resolve: func(context.Context, string) ([]netip.Addr, error) { return []netip.Addr{loopback}, nil },
		Exempt:  []netip.Prefix{netip.PrefixFrom(loopback, 8)},
		Tunnel:  proxy.TunnelDeny,
	})
	if err != nil {
		return nil, err
	}
	if err := g.server.Reload(context.Background()); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() { _ = g.server.Serve(l) }()
	g.target = &target{name: "gatedrill", address: l.Addr().String(), roots: certs.roots, tunnel: true, stop: func() {
		now, cancel := context.WithCancel(context.Background())
		cancel() // clients that are still there are not waited for
		_ = g.server.Shutdown(now)
	}}
	return g, nil
}

// baseURL is the same gateway for clients that cannot use a proxy, over TLS.
func (g *gateway) baseURL() (*target, error) {
	const name = "gateway.bench.invalid"
	certs, err := newAuthority()
	if err != nil {
		return nil, err
	}
	leaf, err := certs.leaf(name)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &target{name: oursByBase, address: l.Addr().String(), roots: certs.roots, stop: func() {}} // it ends with the gateway
	for i := range stableRows {
		t.places = append(t.places, place{host: host(i), url: "https://" + name + proxy.DefaultBridgePrefix + "/" + rowName(i, 0)})
	}
	l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{leaf}})
	go func() { _ = g.server.ServeBaseURL(l) }()
	return t, nil
}

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// watch is the witness in front of the bridge: it sees by which provider's name a request
// goes.
func (l *ledger) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, proxy.DefaultBridgePrefix+"/"), "/")
		l.judge("stale name", r.Header.Get(headerFor), name, epochOf(r))
		next.ServeHTTP(w, r)
	})
}

// errSource is what a source says that was told to fail.
var errSource = errors.New("bench: the source fails, as it was told to")

// source is where the gateway reads providers, as fast as from memory, slowly, or not.
type source struct {
	mu   sync.Mutex
	rows []proxy.Provider
	slow time.Duration
	fail bool
}

func (s *source) set(rows []proxy.Provider, slow time.Duration, fail bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows, s.slow, s.fail = rows, slow, fail
}

// Providers implements proxy.Source.
func (s *source) Providers(ctx context.Context) ([]proxy.Provider, error) {
	asked := time.Now()
	s.mu.Lock()
	rows, slow, fail := s.rows, s.slow, s.fail
	s.mu.Unlock()
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	if read, ok := ctx.Value(readKey{}).(*reading); ok {
		read.asked, read.answered = asked, time.Now()
	}
	if fail {
		return nil, errSource
	}
	return rows, nil
}

// reading is when the source was asked, for the reload whose context has it.
type reading struct{ asked, answered time.Time }

type readKey struct{}

// reload reloads and returns how long the source took, and how long it then was until the
// snapshot was live.
func (g *gateway) reload(ctx context.Context) (read, build time.Duration, err error) {
	var r reading
	err = g.server.Reload(context.WithValue(ctx, readKey{}, &r))
	return r.answered.Sub(r.asked), time.Since(r.answered), err
}
