package proxy

import (
	"context"
	"log/slog"
)

// named is a logger whose records carry the provider's name. The attribute is put
// together when something is logged: most providers of a large configuration never are.
func (s *Server) named(provider string) *slog.Logger {
	return slog.New(namedHandler{s.log.Handler(), provider})
}

type namedHandler struct {
	slog.Handler
	provider string
}

func (h namedHandler) with() slog.Handler {
	return h.Handler.WithAttrs([]slog.Attr{slog.String("provider", h.provider)})
}

// Handle implements slog.Handler.
func (h namedHandler) Handle(ctx context.Context, r slog.Record) error {
	return h.with().Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h namedHandler) WithAttrs(attrs []slog.Attr) slog.Handler { return h.with().WithAttrs(attrs) }

// WithGroup implements slog.Handler.
func (h namedHandler) WithGroup(name string) slog.Handler { return h.with().WithGroup(name) }
