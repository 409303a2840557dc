package proxy

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
)

// pinned is what a request inside a tunnel carries to the bridge: the one snapshot
// that all of it is served by, and the tunnel that it came through.
type pinned struct {
	snapshot *Snapshot
	tunnel   *tunnel
	// conn controls the connection beneath whatever writers a witness puts in between.
	conn *http.ResponseController
}

type pinnedKey struct{}

// serveRequest handles one decrypted request: it is refused when it does not name the
// tunnel's host, bridged while the tunnel's provider still has that host, and passed
// through when it no longer has.
func (s *Server) serveRequest(w http.ResponseWriter, r *http.Request) {
	id := s.stamp(w)
	t := r.Context().Value(tunnelKey{}).(*tunnel)
	answer := &statusWriter{ResponseWriter: w, conns: s.conns}
	p := &pinned{snapshot: s.Snapshot(), tunnel: t, conn: http.NewResponseController(w)}

	provider, verdict := "", "refused"
	defer func() {
		if !s.log.Enabled(r.Context(), slog.LevelInfo) {
			return // the line's values alone would be a tenth of a request's allocations
		}
		s.log.Info("request", "id", id, "provider", provider, "verdict", verdict, "method", r.Method,
			"host", t.host, "path", r.URL.Path, "status", answer.status,
			"credential", w.Header().Get(HeaderCredential))
	}()
	switch live := p.snapshot.hosts[t.host]; {
	case !t.names(r):
		refuse(answer, http.StatusMisdirectedRequest,
			"Misdirected Request: this tunnel is for "+t.host+" only")
	case r.Method == http.MethodConnect || !strings.HasPrefix(targetPath(r), "/"):
		refuse(answer, http.StatusBadRequest, "Bad Request: a path is expected")
	case live != nil && live.Name == t.provider:
		provider, verdict = live.Name, "bridged"
		s.bridged(answer, r, live, p)
	case s.cfg.Tunnel == TunnelDeny:
		refuse(answer, http.StatusForbidden, "Forbidden: no provider has this host any more")
	default:
		verdict = "passed through"
		s.passThrough(answer, r, p)
	}
}

// bridged sends the request to the bridge under its provider's name, and accounts for
// it.
func (s *Server) bridged(w *statusWriter, r *http.Request, live *row, p *pinned) {
	done := live.via.account.begin()
	defer func() { done(w.status) }()
	out := r.WithContext(context.WithValue(r.Context(), pinnedKey{}, p))
	out.URL, out.RequestURI = s.bridgeTarget(live.Name, r)
	if s.remote != nil {
		s.remote.serve(w, out, p)
		return
	}
	s.bridge.ServeHTTP(w, out)
}

// names reports whether everything in the request that names a host names the
// tunnel's: the SNI (none is fine), the Host header or the absolute URL, which
// replaces it (RFC 9112 section 3.2.2). What can be told apart would otherwise decide
// who gets a key and who gets the request.
func (t *tunnel) names(r *http.Request) bool {
	if r.TLS == nil {
		return false
	}
	if sni := r.TLS.ServerName; sni != "" && canonicalHost(sni) != t.host {
		return false
	}
	if r.URL.Scheme != "" && r.URL.Scheme != "https" || r.URL.User != nil {
		return false
	}
	if r.Host == "" {
		return !r.ProtoAtLeast(1, 1) // HTTP/1.0 knows no Host header
	}
	return t.isHost(r.Host)
}

// isHost compares "host" or "host:port" with the tunnel's host; a port has to be the
// tunnel's or https's own.
func (t *tunnel) isHost(hostport string) bool {
	host := hostport
	switch i := strings.LastIndexByte(hostport, ':'); {
	case i >= 0 && !strings.HasSuffix(hostport, "]"):
		a, err := parseAuthority(hostport)
		return err == nil && a.host == t.host && (a.port == t.port || a.port == 443)
	case strings.HasPrefix(hostport, "["):
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	return canonicalHost(host) == t.host
}

// statusWriter remembers the status of the answer, 0 until there is one, and says in
// an answer that begins while the server drains that it is the last.
type statusWriter struct {
	http.ResponseWriter
	conns  *ledger
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
		if w.conns.isDraining() {
			w.Header().Set("Connection", "close")
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Flush implements http.Flusher for witnesses that look for it.
func (w *statusWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
