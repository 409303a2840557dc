// Package providersapi lets administrators edit the providers of a database
// (sqlsource) by HTTP, beside the pages of proxy.Server.Admin:
//
//	GET    /providers                 Admin's: what is live
//	POST   /providers                 create
//	GET    /providers/NAME            what is stored, and what became of it
//	PUT    /providers/NAME            replace; keys that are not said stay
//	PATCH  /providers/NAME            change what is said (RFC 7396)
//	DELETE /providers/NAME            delete
//	POST   /providers/NAME/keys       add a key
//	DELETE /providers/NAME/keys/N     delete the Nth key, from 1
//
// An edit goes through these stations, and the first that refuses it answers, with problem
// details (RFC 9457):
//
//	token ▶ method ▶ query ▶ body, all mistakes at once ▶ name ▶ If-Match ▶ the gateway's own judgement of
//	401     405      400     400 413 415 422              404    412 428   all rows, as Preview has it: 409 422
//	                                                                         │ ?force passes
//	200, 201, 204 ◀ live ── Server.Reload ◀── stored, in one transaction ◀───┘
//	202           ◀ not ────┘
//
// Keys go in and never come out: answers have hints, and logs, errors and problem details
// not even those of keys that were refused.
package providersapi

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/cmd/internal/sqlsource"
	"github.com/gatedrill/gatedrill/proxy"
)

// MaxBody bounds the body of a request, in bytes.
const MaxBody = 1 << 20

// ReloadTimeout bounds the reload after an edit. It goes on when the client leaves,
// since the edit is stored by then.
const ReloadTimeout = 30 * time.Second

// ErrConfig is a Config that cannot be used.
var ErrConfig = errors.New("providersapi: invalid configuration")

// Config says what is edited. Store, Server and Token are required.
type Config struct {
	// Store is the database.
	Store *sqlsource.DB
	// Server is the gateway whose Source is the Store.
	Server *proxy.Server
	// Reload makes the gateway read the store; nil: Server.Reload.
	Reload func(context.Context) error
	// Token is what administrators send as "Authorization: Bearer TOKEN".
	Token string
	// Logger is told of edits; nil: discard.
	Logger *slog.Logger
}

// Patterns are those, of http.ServeMux, under which New's handler is to be mounted.
func Patterns() []string {
	return []string{"/providers", "/providers/{name}", "/providers/{name}/keys", "/providers/{name}/keys/{n}"}
}

// New returns the handler, safe for concurrent use. What web pages send is for
// proxy.Server.AdminGuard to refuse, which belongs in front of it.
func New(cfg Config) (http.Handler, error) {
	if err := cfg.mistakes(); err != nil {
		return nil, err
	}
	if cfg.Reload == nil {
		cfg.Reload = cfg.Server.Reload
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	a := &api{cfg: cfg, token: sha256.Sum256([]byte(cfg.Token))}
	mux := http.NewServeMux()
	mux.Handle("/providers", methods{
		{http.MethodGet, cfg.Server.Admin()},
		{http.MethodPost, a.page(a.create)},
	})
	mux.Handle("/providers/{name}", methods{
		{http.MethodGet, a.page(a.show)},
		{http.MethodPut, a.page(a.replace)},
		{http.MethodPatch, a.page(a.patch)},
		{http.MethodDelete, a.page(a.remove)},
	})
	mux.Handle("/providers/{name}/keys", methods{{http.MethodPost, a.page(a.addKey)}})
	mux.Handle("/providers/{name}/keys/{n}", methods{{http.MethodDelete, a.page(a.removeKey)}})
	return a.authorize(mux), nil
}

func (c *Config) mistakes() error {
	var faults []error
	for _, field := range []struct {
		name    string
		missing bool
	}{{"Store", c.Store == nil}, {"Server", c.Server == nil}, {"Token", c.Token == ""}} {
		if field.missing {
			faults = append(faults, fmt.Errorf("%w: %s: is required", ErrConfig, field.name))
		}
	}
	return errors.Join(faults...)
}

type api struct {
	cfg   Config
	token [sha256.Size]byte
}

// authorize lets nobody without the token find out which paths and providers there are.
// The list is Admin's, and as open as Admin is.
func (a *api) authorize(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		list := r.URL.Path == "/providers" && (r.Method == http.MethodGet || r.Method == http.MethodHead)
		if !list && !a.authorized(r) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="gatedrill"`)
			refuse(http.StatusUnauthorized, "send the admin token: Authorization: Bearer TOKEN").write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// authorized compares hashes, so that neither the time it takes nor the length tell
// anything of the token.
func (a *api) authorized(r *http.Request) bool {
	lines := r.Header.Values("Authorization")
	if len(lines) != 1 {
		return false
	}
	scheme, token, _ := strings.Cut(lines[0], " ")
	sum := sha256.Sum256([]byte(strings.TrimLeft(token, " ")))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(sum[:], a.token[:]) == 1
}

// methods are a path's, in the order in which Allow has them.
type methods []struct {
	name    string
	handler http.Handler
}

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range m {
		allowed = append(allowed, method.name)
		if r.Method == method.name || r.Method == http.MethodHead && method.name == http.MethodGet {
			method.handler.ServeHTTP(w, r)
			return
		}
		if method.name == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	refuse(http.StatusMethodNotAllowed, "this path has "+strings.Join(allowed, ", ")).write(w)
}
