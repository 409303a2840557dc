package daemon

import (
	"io"
	"log/slog"
)

// NewLogger writes lines of a level ("debug", "info", "warn", "error"; "": info) and more
// serious ones, as text or as "json".
func NewLogger(w io.Writer, level, format string) *slog.Logger {
	var least slog.Level
	_ = least.UnmarshalText([]byte(level)) // else info
	o := &slog.HandlerOptions{Level: least}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
