package proxy

import (
	"context"
	"log/slog"
	"net/http"
)

// record is a request's line in the log, refused requests included. What the server
// logs, by level:
//
//	ERROR  a key is disabled, a reload failed: somebody has to act
//	WARN   no key is left, an upstream failed, an answer broke off, a row is excluded
//	INFO   one line per request, a key cools or is healed, a reload
//	DEBUG  a tunnel opens, an administrator looks
//
// What happens to a key while a request is served carries that request's id. Queries are
// never logged, since keys are sent in them, and keys only as hints.
type record struct {
	id       string
	provider string // empty unless the request was for one
	verdict  string // one of the verdicts
	host     string
	path     string // empty for CONNECT
}

// The verdicts.
const (
	verdictRefused  = "refused"
	verdictBridged  = "bridged"
	verdictPassed   = "passed through" // of a tunnel that outlived its route
	verdictForward  = "forwarded"      // absolute form, to a host of no provider
	verdictTunneled = "tunneled"       // a CONNECT
)

// logRequest writes the line, if anybody reads it: its values alone would be a tenth of a
// request's allocations. A status of 0 means that the connection was ended without an
// answer.
func (s *Server) logRequest(r *http.Request, w *statusWriter, rec *record) {
	s.recordDone(r, w, rec)
	if !s.log.Enabled(r.Context(), slog.LevelInfo) {
		return
	}
	s.log.LogAttrs(r.Context(), slog.LevelInfo, "request",
		slog.String("id", rec.id),
		slog.String("provider", rec.provider),
		slog.String("verdict", rec.verdict),
		slog.String("method", r.Method),
		slog.String("host", rec.host),
		slog.String("path", rec.path),
		slog.Int("status", w.status),
		slog.String("credential", w.Header().Get(HeaderCredential)))
}

type requestIDKey struct{}

// withRequestID returns a context by which lines that are logged elsewhere can be joined
// with a request that carries no pinned snapshot.
func withRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// requestIDOf is the id of the request that a context is of, or empty.
func requestIDOf(ctx context.Context) string {
	if p, ok := ctx.Value(pinnedKey{}).(*pinned); ok {
		return p.id
	}
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// joinedHandler adds the request's id to lines that are logged with its context, as the
// key pools do: they know nothing of requests' ids.
type joinedHandler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h joinedHandler) Handle(ctx context.Context, line slog.Record) error {
	if id := requestIDOf(ctx); id != "" {
		line = line.Clone()
		line.AddAttrs(slog.String("id", id))
	}
	return h.Handler.Handle(ctx, line)
}

// WithAttrs implements slog.Handler.
func (h joinedHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return joinedHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h joinedHandler) WithGroup(name string) slog.Handler {
	return joinedHandler{h.Handler.WithGroup(name)}
}
