package daemon

import (
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// adminServer serves proxy.Server.Admin, and the pages of a backend that has some.
func (d *daemon) adminServer() *http.Server {
	mux := http.NewServeMux()
	pages := d.server.Admin()
	mux.Handle("/", pages)
	mux.HandleFunc("POST /reload", func(w http.ResponseWriter, r *http.Request) {
		pages.ServeHTTP(w, r)
		d.nudge() // it may have been the first good one
	})
	if m, ok := d.cfg.Backend.(Mounter); ok {
		patterns, handler := m.Mount(d.server.Reload)
		for _, pattern := range patterns {
			mux.Handle(pattern, guardPages(handler))
		}
	}
	return &http.Server{
		Handler:           d.askToken(mux),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(d.log.Handler(), slog.LevelWarn),
	}
}

// open pages are for probes, scrapers and clients.
var openPages = map[string]bool{"/livez": true, "/healthz": true, "/metrics": true, "/ca-cert.pem": true}

// askToken asks for the admin token, where one is configured.
func (d *daemon) askToken(next http.Handler) http.Handler {
	if d.cfg.AdminToken == "" {
		return next
	}
	want := sha256.Sum256([]byte(d.cfg.AdminToken))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(strings.TrimSpace(token)))
		good := strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(got[:], want[:]) == 1
		if !good && !openPages[r.URL.Path] {
			w.Header().Set("WWW-Authenticate", `Bearer realm="gatedrill admin"`)
			refuse(w, http.StatusUnauthorized, `{"error": "the admin token is required"}`)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// guardPages refuses what a web page makes a browser send, as proxy.Server.Admin does
// for its own paths: changes from another origin, and from a page whose name was made to
// point here (DNS rebinding), which an address or localhost cannot be.
func guardPages(next http.Handler) http.Handler {
	deny := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusForbidden, `{"error": "web pages may not do this"}`)
	})
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(deny)
	return origins.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		if origin := r.Header.Get("Origin"); origin != "" && !(isOurs(origin) && isAddress(r.Host)) {
			deny(w, r)
			return
		}
		next.ServeHTTP(w, r)
	}))
}

func isOurs(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && isAddress(u.Host)
}

func isAddress(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func refuse(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body + "\n"))
}
