package filesource

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/coder/quartz"
	"github.com/fsnotify/fsnotify"

	"github.com/gatedrill/gatedrill/cmd/internal/config"
)

// watch tells when files have other bytes than whoever uses them has read.
type watch struct {
	clock   quartz.Clock
	log     *slog.Logger
	notify  *fsnotify.Watcher // nil: the system has none to spare, or nobody wants one
	changed chan<- struct{}

	mu    sync.Mutex
	files []config.Stamp
	dirs  []string
}

func newWatch(cfg Config, changed chan<- struct{}) *watch {
	w := &watch{clock: cfg.Clock, log: cfg.Logger, changed: changed}
	if cfg.Unwatched {
		return w
	}
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		w.log.Warn("files cannot be watched; they are looked at every so often", "every", interval, "error", err)
		return w
	}
	w.notify = notify
	return w
}

func (w *watch) close() error {
	if w.notify == nil {
		return nil
	}
	return w.notify.Close()
}

// channels are those of the system's watches; nil ones never yield anything.
func (w *watch) channels() (<-chan fsnotify.Event, <-chan error) {
	if w.notify == nil {
		return nil, nil
	}
	return w.notify.Events, w.notify.Errors
}

// follow watches these files from now on, which were read with these stamps. What was
// written between the reading and now is a change.
func (w *watch) follow(files []config.Stamp) {
	w.mu.Lock()
	w.files = files
	w.mu.Unlock()
	w.look()
}

// watchDirs is called with mu held.
func (w *watch) watchDirs() {
	if w.notify == nil {
		return
	}
	var dirs []string
	for _, file := range w.files {
		dirs = append(dirs, foldersOf(file.Path)...)
	}
	slices.Sort(dirs)
	dirs = slices.Compact(dirs)
	for _, dir := range dirs {
		// Also one that is watched already: the folder of that name may be another one now.
		if err := w.notify.Add(dir); err != nil && !slices.Contains(w.dirs, dir) {
			w.log.Warn("a folder cannot be watched; its files are looked at every so often", "folder", dir, "every", interval, "error", err)
		}
	}
	for _, dir := range w.dirs {
		if !slices.Contains(dirs, dir) {
			_ = w.notify.Remove(dir) // it may be gone
		}
	}
	w.dirs = dirs
}

// foldersOf are the folders in which something happens when a file changes: its own, and
// the one of each file that a chain of links leads to, links among folders included.
func foldersOf(path string) []string {
	var dirs []string
	for range 16 { // a chain has an end, unless it is a circle
		dirs = append(dirs, filepath.Dir(path))
		target, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		// "..data/gatedrill.yaml": the link that is swapped is ..data, in this folder.
		dirs = append(dirs, filepath.Dir(filepath.Dir(target)))
		path = target
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		dirs = append(dirs, filepath.Dir(real))
	}
	return dirs
}

// run looks whenever something has happened, until ctx ends.
func (w *watch) run(ctx context.Context) {
	ticker := w.clock.NewTicker(interval, "filesource", "look")
	defer ticker.Stop()
	events, faults := w.channels()
	for {
		select {
		case <-ctx.Done():
			return
		case err, ok := <-faults:
			if ok && !errors.Is(err, fsnotify.ErrEventOverflow) {
				w.log.Warn("watching files", "error", err)
			}
		case _, ok := <-events:
			if !ok || !w.settle(ctx, events) {
				return
			}
		case <-ticker.C:
		}
		w.look()
	}
}

// settle waits until nothing has happened for a while. It reports false when ctx ends.
func (w *watch) settle(ctx context.Context, events <-chan fsnotify.Event) bool {
	calm := w.clock.NewTimer(quiet, "filesource", "quiet")
	defer calm.Stop()
	end := w.clock.NewTimer(patience, "filesource", "patience")
	defer end.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case _, ok := <-events:
			if !ok {
				return false
			}
			calm.Reset(quiet)
		case <-calm.C:
			return true
		case <-end.C:
			return true
		}
	}
}

// look says so when a file has other bytes than were read.
func (w *watch) look() {
	w.mu.Lock()
	w.watchDirs() // links may lead elsewhere
	files := w.files
	w.mu.Unlock()
	if !slices.ContainsFunc(files, differs) {
		return
	}
	select {
	case w.changed <- struct{}{}:
	default: // whoever takes the one that waits there reads these bytes
	}
}

func differs(was config.Stamp) bool {
	_, now, _ := config.ReadStamp(was.Path) // what cannot be read has a stamp, too
	return now != was
}
