// Package proxy is the reference AI gateway: a forward proxy that intercepts TLS
// to the hosts of configured providers, gives each request a key of the provider's
// pool, and tunnels everything else unread.
//
//	client ─CONNECT─▶ authority, token, port ─▶ Snapshot.Route(host)
//	                     400     407    403        │
//	           ┌────────────── no provider ────────┴── provider ─────────┐
//	           ▼                                                         ▼
//	      raw tunnel                        TLS with a leaf of our CA, one inner
//	      (or 403)                          http.Server for all tunnels
//	                                                      │ each request, pinned
//	                                                      ▼ to one Snapshot
//	                       still (provider, host)? ── no ─▶ passed through, no key
//	                                 │ yes
//	                                 ▼
//	        bridge  <prefix>/<provider>/<path> ─▶ keypool ─▶ upstream
//
// Providers come from a Source and are published as an immutable Snapshot by
// Server.Reload; a lookup is one atomic load and one map access, and a request
// keeps the snapshot that it began with.
//
//	server, err := proxy.New(proxy.Config{
//		Source: proxy.Static{{Name: "alpha", Type: "openai",
//			BaseURL: "https://api.example.com/v1", Keys: keys}},
//		Tokens: []string{token},
//	})
//	if err != nil {
//		return err
//	}
//	err = server.Run(ctx, listener) // reloads once, serves, drains when ctx ends
//
// A request for an absolute http:// URL is treated as a CONNECT and its request in one.
// Server.ServeBaseURL serves the bridge to clients that cannot use a proxy, and
// Server.Admin is the administrators' handler.
//
// Clients must trust Server.CA. Time, randomness, network and logs come in through
// Config, no mutex is held across I/O, and Shutdown leaves neither goroutine nor
// connection, so that a Server can live in a testing/synctest bubble.
package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/elazarl/goproxy"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/gatedrill/gatedrill/keypool"
)

// Server is the gateway. Make it with New. All methods are safe for concurrent use.
type Server struct {
	cfg    Config // with its defaults filled in
	tokens *tokenSet
	ids    *idSource
	leaves *leafCache

	live      atomic.Pointer[Snapshot]
	reloading chan struct{} // a semaphore that can be waited for together with a context
	kept      keptStates    // touched only while reloading is held
	anew      bool          // reloads take nothing over; for the tests that compare both ways

	upstream *upstream
	outside  http.RoundTripper // upstream.outside, recorded
	bridge   http.Handler
	remote   *remoteBridge // nil: the bridge is in-process

	dispatch *goproxy.ProxyHttpServer
	outer    *http.Server // the listener's side: CONNECT and absolute-form requests
	baseURL  *http.Server // base-URL mode's listeners
	inner    *http.Server // the requests inside intercepted tunnels
	tunnels  *tunnelListener
	tlsInner *tls.Config

	conns   *ledger
	life    context.Context // ends when the server is cut or has drained
	cut     context.CancelFunc
	serving serveGroup
	finish  sync.Once
	done    chan struct{}
	reloads reloadLog

	metrics *metrics
	log     *slog.Logger
	buffers *sync.Pool // of *[]byte, for the copy loops
}

// New makes a server with an empty snapshot: it intercepts nothing until the first
// Reload. Every mistake in cfg is reported, joined, each wrapping ErrConfig with the
// field and its value. A server that is never served needs no Shutdown.
func New(cfg Config) (*Server, error) {
	tokens, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	cfg.Policy = cfg.Policy.Own()
	s := &Server{
		cfg:       cfg,
		tokens:    tokens,
		ids:       &idSource{random: cfg.Random},
		reloading: make(chan struct{}, 1),
		kept:      keptStates{},
		conns:     newLedger(),
		done:      make(chan struct{}),
		log:       slog.New(joinedHandler{cfg.Logger.Handler()}),
		buffers:   &sync.Pool{New: func() any { b := make([]byte, copyBuffer); return &b }},
	}
	s.life, s.cut = context.WithCancel(context.Background())
	s.live.Store(&Snapshot{})
	s.leaves = newLeafCache(cfg.CA, cfg.Clock, s.ids)
	s.upstream = newUpstream(&s.cfg)
	s.outside = cfg.Recorder.Transport("", s.upstream.outside)
	s.metrics = newMetrics(s.Snapshot)
	if err := s.metrics.register(cfg.Registry); err != nil {
		s.cut()
		return nil, err
	}
	s.buildBridge()
	s.buildServers()
	return s, nil
}

// Snapshot returns the live routing snapshot. It never changes: another pointer
// means that a reload published another one.
func (s *Server) Snapshot() *Snapshot { return s.live.Load() }

// KeyStates returns the states of the keys of the enabled or disabled provider of
// that name, in order, or nil when there is none or it has no keys.
func (s *Server) KeyStates(name string) []keypool.KeyState {
	r := s.Snapshot().names.get(name)
	if r == nil || r.pool == nil {
		return nil
	}
	return r.pool.States()
}

// Metrics returns what collects the server's metrics: Config.Registry, or the
// private registry that stands in for it.
func (s *Server) Metrics() prometheus.Gatherer { return s.cfg.Registry }

// CA returns the authority that signs the leaf certificates of intercepted hosts.
func (s *Server) CA() *CA { return s.cfg.CA }

// Bridge returns the bridge as a handler of its own: <prefix>/<provider>/<path> by
// the live snapshot. It asks for no token, so put it where only another gateway's
// BridgeURL reaches it.
func (s *Server) Bridge() http.Handler { return s.bridge }

// Serve accepts connections on l until Shutdown, and then returns
// http.ErrServerClosed. It does not reload, see Run. It may be called for several
// listeners; each is closed when its Serve returns.
func (s *Server) Serve(l net.Listener) error { return s.serveOn(l, s.outer) }

// serveOn is Serve for one of the servers that accept connections.
func (s *Server) serveOn(l net.Listener, server *http.Server) error {
	if !s.serving.begin(l, s.serveInner) {
		_ = l.Close()
		return http.ErrServerClosed
	}
	defer s.serving.end(l)
	err := server.Serve(l)
	if s.serving.isClosed() || errors.Is(err, http.ErrServerClosed) {
		return http.ErrServerClosed
	}
	return err
}
