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
const usage = "This is a proxy: set it as HTTPS_PROXY, and as HTTP_PROXY if need be (http://user:TOKEN@host:port), " +
	"and trust its CA certificate. It answers CONNECT, and requests for absolute http:// URLs."

// usageTLS is the answer to whoever sends what is to be encrypted without encryption.
const usageTLS = "Bad Request: an https:// URL cannot be asked for in the open. " +
	"Send CONNECT host:port first, and the request inside that tunnel, as clients do that have HTTPS_PROXY set."

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
	switch {
	case r.Method == http.MethodConnect:
		s.serveConnect(w, r)
	case r.URL.Scheme != "":
		s.serveAbsolute(w, r)
	default:
		answer, rec := s.begin(w, r, r.Host, r.URL.Path)
		defer s.logRequest(r, answer, rec)
		refuse(answer, http.StatusBadRequest, usage)
	}
}

// serveConnect decides what becomes of a CONNECT. One that is established is answered by
// its tunnel, and has no line in the log but those of its requests.
func (s *Server) serveConnect(w http.ResponseWriter, r *http.Request) {
	target, err := parseAuthority(r.RequestURI)
	// What does not parse is not logged: a token may be where it does not belong.
	answer, rec := s.begin(w, r, target.dial, "")
	t := &tunnel{authority: target, id: rec.id}
	r = r.WithContext(withRequestID(r.Context(), rec.id))
	defer func() {
		if t.Conn == nil {
			s.logRequest(r, answer, rec)
		}
	}()
	if err != nil {
		refuse(answer, http.StatusBadRequest, "Bad Request: CONNECT wants host:port")
		return
	}
	var ok bool
	if t.token, ok = s.admit(answer, r, target); !ok {
		return
	}
	provider := s.Snapshot().hosts.get(target.host)
	if provider == nil && s.cfg.Tunnel == TunnelDeny {
		refuse(answer, http.StatusForbidden, "Forbidden: no provider has this host")
		return
	}
	rec.verdict = verdictTunneled
	if provider != nil {
		t.provider, rec.provider = provider.Name, provider.Name
	}
	s.log.Debug("connect", "id", rec.id, "connect", t.dial, "provider", t.provider)
	if provider != nil {
		s.hijack(answer, r, t, s.intercept)
		return
	}
	s.connectRaw(answer, r, t)
}

// admit checks who asks and for which port, and answers those whom it does not admit.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, target authority) (token string, ok bool) {
	token, ok = s.authenticate(r.Header)
	if !ok {
		w.Header().Set("Proxy-Authenticate", `Basic realm="gatedrill"`)
		refuse(w, http.StatusProxyAuthRequired, "Proxy Authentication Required")
		return "", false
	}
	if !slices.Contains(s.cfg.ConnectPorts, target.port) {
		refuse(w, http.StatusForbidden, "Forbidden: this port is not open")
		return "", false
	}
	return token, true
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
