package proxy

import (
	"context"
	"log/slog"
	"net"
	"net/http"
)

// HeaderRequestID names a request in its answer and in the log.
const HeaderRequestID = "X-Gatedrill-Request-Id"

// HeaderCredential says in each answer whose credential went upstream: "central" (the
// pool's), "own" (the client's), or "none".
const HeaderCredential = "X-Gatedrill-Credential"

// The values of HeaderCredential.
const (
	credentialCentral = "central"
	credentialOwn     = "own"
	credentialNone    = "none"
)

// clientKey is where a request's context has its connection, as the listener gave it.
type clientKey struct{}

func clientOf(r *http.Request) net.Conn {
	conn, _ := r.Context().Value(clientKey{}).(net.Conn)
	return conn
}

// buildServers makes the outer server, which accepts connections and sees CONNECTs and
// absolute-form requests, the inner one, which sees the requests of all intercepted
// tunnels, and the one of base-URL mode.
func (s *Server) buildServers() {
	s.dispatch = s.newDispatcher()
	s.tunnels = newTunnelListener()
	s.tlsInner = s.innerTLS()
	s.outer = s.httpServer(http.HandlerFunc(s.serveOuter))
	s.baseURL = s.httpServer(http.HandlerFunc(s.serveBaseURL))
	for _, server := range []*http.Server{s.outer, s.baseURL} {
		server.ConnState = s.conns.outerState
		server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, clientKey{}, conn)
		}
	}
	s.inner = s.httpServer(http.HandlerFunc(s.serveRequest))
	s.inner.ConnState = func(conn net.Conn, state http.ConnState) {
		s.conns.innerState(conn, state)
		if c, ok := conn.(*innerConn); ok && state == http.StateClosed {
			s.recordTunnelEnd(c.tunnel, 0, 0)
		}
	}
	s.inner.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, tunnelKey{}, conn.(*innerConn).tunnel)
	}
}

func (s *Server) httpServer(handler http.Handler) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // HTTP/2 would pass by everything that is decided per connection
	return &http.Server{
		Handler:                      handler,
		DisableGeneralOptionsHandler: true, // "OPTIONS *" is the upstream's to answer, or ours to refuse
		ReadHeaderTimeout:            s.cfg.HeaderTimeout,
		IdleTimeout:                  s.cfg.IdleTimeout,
		MaxHeaderBytes:               s.cfg.MaxHeaderBytes,
		Protocols:                    protocols,
		BaseContext:                  func(net.Listener) context.Context { return s.life },
		ErrorLog:                     slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
}

func (s *Server) serveInner() { _ = s.inner.Serve(s.tunnels) }

// stamp puts our own headers into an answer, before anything else can answer.
func (s *Server) stamp(w http.ResponseWriter) (id string) {
	id = s.ids.requestID()
	own := &[2]string{id, credentialNone}
	h := w.Header()
	h[HeaderRequestID], h[HeaderCredential] = own[0:1:1], own[1:2:2]
	return id
}

// refuse answers with a sentence of our own. The body is exactly the sentence: it is
// compared with what the documentation says.
func refuse(w http.ResponseWriter, status int, sentence string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(sentence))
}
