package daemon

import (
	"context"
	"net/http"

	"github.com/gatedrill/gatedrill/proxy"
)

// Backend is where a daemon gets its providers from: a file that is watched, a
// database. Its Providers is asked at every reload. A backend may also be a Changer, a
// Mounter, an io.Closer, which the daemon looks for.
type Backend interface {
	proxy.Source
	// Describe names the backend in the start-up summary, without secrets: "file
	// /etc/gatedrill.yaml".
	Describe() string
}

// Changer is a Backend that notices changes by itself.
type Changer interface {
	// Changed yields a value when Providers may have another answer than it last had. The
	// daemon reloads then. A channel with room for one value, written to without
	// blocking, is enough: changes in between are one reload. The channel is asked for
	// once, before the first reload, and need not be closed.
	Changed() <-chan struct{}
}

// Mounter is a Backend that has pages for administrators.
type Mounter interface {
	// Mount returns a handler and the patterns (of http.ServeMux, "/api/providers/" or
	// "POST /api/providers") at which the daemon puts it on the admin listener, beside
	// proxy.Server.Admin, whose paths are /metrics, /livez, /healthz, /ca-cert.pem,
	// /providers, /reload and /providers/…/keys/…/enable; a more special pattern wins. It is
	// called once, before anything is served; Server.AdminGuard, and the admin token where
	// one is configured, stand in front of the handler. After a change the handler calls
	// reload, whose error has been logged: nil means that the new providers are live.
	Mount(server *proxy.Server, reload func(context.Context) error) (patterns []string, handler http.Handler)
}
