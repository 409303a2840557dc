package proxy

import (
	"context"
	"net"
	"net/http"
	"strings"
)

// pinned is what a request carries to the bridge: the one snapshot that all of it is
// served by, and the way that it came.
type pinned struct {
	snapshot *Snapshot
	id       string
	tunnel   *tunnel  // nil for requests that came through none
	client   net.Conn // as the listener gave it, for those; nil when it is not ours
	proxied  string   // the token of their own Proxy-Authorization, may be empty
	// conn controls the connection beneath whatever writers a witness puts in between.
	conn *http.ResponseController
}

type pinnedKey struct{}

// serveRequest handles one decrypted request: it is refused when it does not name the
// tunnel's host, bridged while the tunnel's provider still has that host, and passed
// through when it no longer has.
func (s *Server) serveRequest(w http.ResponseWriter, r *http.Request) {
	t := r.Context().Value(tunnelKey{}).(*tunnel)
	answer, rec := s.begin(w, r, t.host, r.URL.Path)
	defer func() { s.logRequest(r, answer, rec) }()
	p := &pinned{snapshot: s.Snapshot(), id: rec.id, tunnel: t, conn: http.NewResponseController(w)}
	switch live := p.snapshot.hosts.get(t.host); {
	case !t.names(r):
		refuse(answer, http.StatusMisdirectedRequest,
			"Misdirected Request: this tunnel is for "+t.host+" only")
	case r.Method == http.MethodConnect || !strings.HasPrefix(targetPath(r), "/"):
		refuse(answer, http.StatusBadRequest, "Bad Request: a path is expected")
	case live != nil && live.Name == t.provider:
		rec.provider, rec.verdict = live.Name, verdictBridged
		s.bridged(answer, r, live, p)
	case s.cfg.Tunnel == TunnelDeny:
		refuse(answer, http.StatusForbidden, "Forbidden: no provider has this host any more")
	default:
		rec.verdict = verdictPassed
		s.passThrough(answer, r, p)
	}
}

// begin opens a request's answer and its line in the log.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, host, path string) (*statusWriter, *record) {
	both := &struct {
		answer statusWriter
		rec    record
	}{
		statusWriter{ResponseWriter: w, conns: s.conns},
		record{id: s.stamp(w), verdict: verdictRefused, host: host, path: path},
	}
	s.recordRequest(r, &both.rec)
	return &both.answer, &both.rec
}

// bridged sends the request to the bridge under its provider's name. Where nobody else
// sees the bridge's requests, the URL that would be made and taken apart is spared.
func (s *Server) bridged(w *statusWriter, r *http.Request, live *row, p *pinned) {
	if s.remote == nil && s.cfg.WrapBridge == nil {
		_, account := s.open(live.via)
		done := account.begin()
		defer func() { done(w.status) }()
		s.toProvider(w, r, live, targetPath(r), p)
		return
	}
	out := r.WithContext(context.WithValue(r.Context(), pinnedKey{}, p))
	out.URL, out.RequestURI = s.bridgeTarget(live.Name, r)
	s.toBridge(w, out, live, p)
}

// toBridge sends a request whose URL is the bridge's, and accounts for it.
func (s *Server) toBridge(w *statusWriter, out *http.Request, live *row, p *pinned) {
	_, account := s.open(live.via)
	done := account.begin()
	defer func() { done(w.status) }()
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
	sent   int64 // bytes of the body, as they were given to the connection
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
	n, err := w.ResponseWriter.Write(p)
	w.sent += int64(n)
	return n, err
}

// Flush implements http.Flusher for witnesses that look for it.
func (w *statusWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
