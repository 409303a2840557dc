package daemon

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net/http"
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
		patterns, handler := m.Mount(d.server, func(ctx context.Context) error {
			defer d.nudge() // it may be the first good one
			return d.server.Reload(ctx)
		})
		deny := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, http.StatusForbidden, `{"error": "web pages may not do this"}`)
		})
		for _, pattern := range patterns {
			mux.Handle(pattern, d.server.AdminGuard(handler, deny))
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

func refuse(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body + "\n"))
}
