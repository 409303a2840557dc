package proxy

import (
	"context"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"slices"

	"github.com/elazarl/goproxy"
)

// usage is the answer to whoever takes the gateway for a web server.
const usage = "This is a proxy: set it as HTTPS_PROXY (http://user:TOKEN@host:port), " +
	"and trust its CA certificate. It answers CONNECT requests only."

// decision is what becomes of a CONNECT, in the request's context on its way through
// goproxy.
type decision func(r *http.Request, client net.Conn)

type decisionKey struct{}

// newDispatcher makes the goproxy that dispatches CONNECTs. Every other feature of
// its is out of reach: other methods never get to it, nothing is dialled by it, and a
// CONNECT without a decision of ours is rejected, where goproxy's default would be a
// raw tunnel to anywhere.
func (s *Server) newDispatcher() *goproxy.ProxyHttpServer {
	p := goproxy.NewProxyHttpServer()
	p.Logger = stdlog.New(io.Discard, "", 0)
	p.Tr = s.upstream.verbatim
	p.ConnectDial = nil // it reads HTTPS_PROXY
	p.OnRequest().HandleConnectFunc(func(host string, ctx *goproxy.ProxyCtx) (*goproxy.ConnectAction, string) {
		decide, ok := ctx.Req.Context().Value(decisionKey{}).(decision)
		if !ok {
			return goproxy.RejectConnect, host
		}
		return &goproxy.ConnectAction{
			Action: goproxy.ConnectHijack,
			Hijack: func(r *http.Request, client net.Conn, _ *goproxy.ProxyCtx) { decide(r, client) },
		}, host
	})
	return p
}

// serveOuter handles what arrives at the listener itself.
func (s *Server) serveOuter(w http.ResponseWriter, r *http.Request) {
	id := s.stamp(w)
	if r.Method != http.MethodConnect {
		refuse(w, http.StatusBadRequest, usage)
		return
	}
	target, err := parseAuthority(r.RequestURI)
	log := s.log.With("id", id, "connect", target.dial)
	if err != nil { // and not logged: a token may be where it does not belong
		log.Info("connect refused", "status", http.StatusBadRequest)
		refuse(w, http.StatusBadRequest, "Bad Request: CONNECT wants host:port")
		return
	}
	token, ok := s.authenticate(r.Header)
	if !ok {
		log.Info("connect refused", "status", http.StatusProxyAuthRequired)
		w.Header().Set("Proxy-Authenticate", `Basic realm="gatedrill"`)
		refuse(w, http.StatusProxyAuthRequired, "Proxy Authentication Required")
		return
	}
	if !slices.Contains(s.cfg.ConnectPorts, target.port) {
		log.Info("connect refused", "status", http.StatusForbidden, "port", target.port)
		refuse(w, http.StatusForbidden, "Forbidden: this port is not open to CONNECT")
		return
	}
	t := &tunnel{authority: target, token: token}
	if provider := s.Snapshot().hosts[target.host]; provider != nil {
		t.provider = provider.Name
		log.Debug("connect", "provider", t.provider)
		s.hijack(w, r, t, s.intercept)
		return
	}
	if s.cfg.Tunnel == TunnelDeny {
		log.Info("connect refused", "status", http.StatusForbidden)
		refuse(w, http.StatusForbidden, "Forbidden: no provider has this host")
		return
	}
	s.connectRaw(w, r, t)
}

// hijack hands the client's connection to run, by way of goproxy.
func (s *Server) hijack(w http.ResponseWriter, r *http.Request, t *tunnel, run func(*tunnel)) {
	hw := &hijackWriter{ResponseWriter: w}
	decide := decision(func(_ *http.Request, client net.Conn) {
		t.Conn, t.accepted = client, hw.accepted
		run(t)
	})
	s.dispatch.ServeHTTP(hw, r.WithContext(context.WithValue(r.Context(), decisionKey{}, decide)))
	if hw.accepted == nil {
		// Without an answer of ours, net/http would send 200: a tunnel to nowhere.
		panic(http.ErrAbortHandler)
	}
}
