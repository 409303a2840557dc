package proxy

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Admin returns the handler of the administrators' listener:
//
//	GET  /metrics                           Server.Metrics, for Prometheus
//	GET  /livez                             200 as long as the process answers
//	GET  /healthz                           200 once a reload has succeeded, until Shutdown; else 503
//	GET  /ca-cert.pem                       the certificate that clients have to trust
//	GET  /providers                         rows, keys by hint, the last reload, as JSON
//	POST /reload                            Server.Reload: 200 with /providers, or 502
//	POST /providers/NAME/keys/N/enable      Server.EnableKey, N from 1
//
// /healthz says whether the gateway should get traffic. It is no reason for a restart: a
// gateway whose source is down serves on, closed, and reloads by itself. Restart one that
// fails /livez. Failures come as JSON, {"error": "…"}; a method that a path does not
// have is 405 with Allow. Neither keys nor tokens are in any answer.
//
// Nobody is asked for a password, so serve it on loopback, or where only administrators
// get. What a web page makes a browser send is refused: POSTs from another origin, and
// those to a host by a name other than localhost, which a page's owner may have made
// point here (DNS rebinding). Whatever is sent by other programs is not affected.
//
// The server's Shutdown does not wait for requests of this handler.
func (s *Server) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.cfg.Registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelError),
	}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /healthz", s.adminHealth)
	mux.HandleFunc("GET /ca-cert.pem", s.adminCA)
	mux.HandleFunc("GET /providers", s.adminProviders)
	mux.HandleFunc("POST /reload", s.adminReload)
	mux.HandleFunc("POST /providers/{name}/keys/{n}/enable", s.adminEnable)

	return s.AdminGuard(mux, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		adminError(w, http.StatusForbidden, "web pages may not do this")
	}))
}

// AdminGuard puts around next what Admin has around its own paths, for further paths of
// the administrators' listener: a request id, a line in the log, and the refusal of what
// web pages make browsers send, which deny answers.
func (s *Server) AdminGuard(next, deny http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(deny)
	guarded := origins.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rebound(r) {
			deny.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	}))
	return s.adminLog(guarded)
}

// rebound reports whether a browser sends a change to a host that has a name. A page
// whose name was made to point here is of the same origin as we are, to its browser and
// to http.CrossOriginProtection; an address, or localhost, nobody can make his own.
func rebound(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return false // browsers send it with every POST
	}
	u, err := url.Parse(origin)
	return err != nil || !isAddress(u.Hostname()) || !isAddress(hostOnly(r.Host))
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	host = canonicalHost(host)
	return err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func hostOnly(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.Trim(hostport, "[]")
}

// adminLog gives each request an id and a line in the log: what changes something at
// INFO, what only looks, every few seconds, at DEBUG.
func (s *Server) adminLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := s.ids.requestID()
		h := w.Header()
		h.Set(HeaderRequestID, id)
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		answer := &statusWriter{ResponseWriter: w, conns: s.conns}
		level := slog.LevelInfo
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			level = slog.LevelDebug
		}
		defer func() {
			s.log.Log(r.Context(), level, "admin", "id", id, "method", r.Method, "path", r.URL.Path, "status", answer.status)
		}()
		next.ServeHTTP(answer, r.WithContext(withRequestID(r.Context(), id)))
	})
}
