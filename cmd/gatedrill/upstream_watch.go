package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// fileWatch tells when a file may have changed. It watches the folder: editors write a new file and rename it over
// the old one, and a watch of the file itself would stay with the one that is gone.
type fileWatch struct {
	*fsnotify.Watcher
	path string
}

// pause is how long a file must be left alone before it is read: whoever writes it in pieces is not done at the first.
const pause = 50 * time.Millisecond

func watchFile(path string) (*fileWatch, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watching %s: %w", path, err)
	}
	if err := w.Add(filepath.Dir(absolute)); err != nil {
		return nil, errors.Join(fmt.Errorf("watching %s: %w", path, err), w.Close())
	}
	return &fileWatch{w, absolute}, nil
}

// next returns when the file may have changed and has been left alone since; with an error when that cannot be told
// any more, or ctx ended. Whatever happens in the folder counts: a file that is mounted (Kubernetes) changes by
// a link beside it.
func (w *fileWatch) next(ctx context.Context) error {
	var settled <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err, ok := <-w.Errors:
			if !ok {
				return errors.New("the watch of the script ended")
			}
			if !errors.Is(err, fsnotify.ErrEventOverflow) { // after one, something has changed
				return err
			}
			settled = time.After(pause)
		case e, ok := <-w.Events:
			if !ok {
				return errors.New("the watch of the script ended")
			}
			if e.Op != fsnotify.Chmod {
				settled = time.After(pause)
			}
		case <-settled:
			return nil
		}
	}
}
