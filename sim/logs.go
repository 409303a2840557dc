package sim

import (
	"log/slog"
	"strings"
	"sync"
)

// logText keeps what a gateway logs, at every level: checks look for secrets in
// it.
type logText struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logText) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Write implements io.Writer.
func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logText) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
