// Package filesource reads a gateway's providers from its configuration file, and
// notices when the file, or one that holds a key, has another content.
//
//	fsnotify: folders of all files and of what their links lead to ─┐
//	a look every 30 s, for file systems that tell nobody ───────────┼─▶ quiet for 100 ms ─▶ other bytes? ─▶ Changed
//
// Folders are watched and not files: editors put a new file in place of the old one, and
// Kubernetes swaps a link further up (..data). What happened to which file does not
// matter; the bytes are compared.
//
//	source := filesource.New(filesource.Config{Loaded: loaded, Logger: logger})
//	defer source.Close()
package filesource

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/quartz"

	"github.com/gatedrill/gatedrill/cmd/internal/config"
	"github.com/gatedrill/gatedrill/proxy"
)

// The times of watching.
const (
	// quiet is how long nothing must happen to the files before they are read: one save
	// of an editor is several events.
	quiet = 100 * time.Millisecond
	// patience bounds the wait for quiet when the files are written to all the time.
	patience = time.Second
	// interval is how often the files are looked at without any event.
	interval = 30 * time.Second
)

// Config configures a Source.
type Config struct {
	// Loaded is the file as it was when the process began; required.
	Loaded *config.Loaded
	// Options are those it was loaded with.
	Options config.Options
	// Unwatched leaves the system's watches alone: the files are looked at every 30 s, and
	// nothing else. False: they are watched, where the system can.
	Unwatched bool
	// Clock is the time; nil: the real clock.
	Clock quartz.Clock
	// Logger is told of what is wrong with single rows, and of settings that wait for a
	// restart; nil: discard.
	Logger *slog.Logger
}

// Source is a proxy.Source; make it with New. Its methods are safe for concurrent use.
type Source struct {
	cfg     Config
	path    string
	changed chan struct{}
	stop    context.CancelFunc
	done    sync.WaitGroup
	watch   *watch

	mu     sync.Mutex
	waits  []string // settings that were said to wait for a restart
	warned []config.Mistake
}

// New begins to watch. Close must be called. Where the system has no watches left, it is
// said in the log, and the files are looked at every so often.
func New(cfg Config) *Source {
	if cfg.Clock == nil {
		cfg.Clock = quartz.NewReal()
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Source{cfg: cfg, path: cfg.Loaded.Path, changed: make(chan struct{}, 1)}
	s.watch = newWatch(cfg, s.changed)
	s.watch.follow(cfg.Loaded.Files)
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.done.Go(func() { s.watch.run(ctx) })
	return s
}

// Describe names the file.
func (s *Source) Describe() string { return "file " + s.path }

// Changed yields a value when the file, or one that it names, has other bytes.
func (s *Source) Changed() <-chan struct{} { return s.changed }

// Close ends the watching.
func (s *Source) Close() error {
	s.stop()
	s.done.Wait()
	return s.watch.close()
}

// Providers reads the file and every key again. A mistake anywhere in the file but in a
// single provider is an error, which has them all, on one line: a file that is half
// understood is not applied by half.
func (s *Source) Providers(ctx context.Context) ([]proxy.Provider, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l, err := config.Load(s.path, s.cfg.Options)
	// Also after a mistake: what is missing may come, at a path that was new.
	s.watch.follow(l.Files)
	if err != nil {
		return nil, oneLine{err}
	}
	s.report(l)
	return l.Providers, nil
}

// report says once what the file asks for and does not get.
func (s *Source) report(l *config.Loaded) {
	waits := config.Restart(s.cfg.Loaded, l)
	s.mu.Lock()
	news := len(waits) > 0 && !slices.Equal(waits, s.waits)
	rows := !slices.Equal(l.Rows, s.warned)
	s.waits, s.warned = waits, l.Rows
	s.mu.Unlock()
	if news {
		s.cfg.Logger.Warn("settings changed that take effect at the next start", "settings", strings.Join(waits, ", "))
	}
	if rows {
		for _, m := range l.Rows {
			s.cfg.Logger.Warn("mistake in a provider", "mistake", m.In(l.Path))
		}
	}
}

// oneLine is an error whose lines are joined, for logs.
type oneLine struct{ error }

func (e oneLine) Error() string { return strings.ReplaceAll(e.error.Error(), "\n", "; ") }

func (e oneLine) Unwrap() error { return errors.Unwrap(e.error) }
