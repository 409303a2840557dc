package record

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/coder/quartz"
)

// The limits that a zero DirConfig has.
const (
	DefaultRotateBytes = 64 << 20
	DefaultSyncEvery   = time.Second
	DefaultBufferBytes = 16 << 20
)

// Lines are written together, every writeEvery or once so many bytes have gathered: a
// write for each line would cost more than all the rest of a recording.
const (
	writeEvery = 100 * time.Millisecond
	gathered   = 256 << 10
)

// File is what a Dir writes to; *os.File is one.
type File interface {
	io.Writer
	Sync() error
	Truncate(size int64) error
	Close() error
}

// DirConfig configures a Dir; Path is required.
type DirConfig struct {
	// Path is the folder, which is made with mode 0700 when it is not there. It belongs to
	// one process at a time.
	Path string
	// RotateBytes is the size at which a file is ended and another begun; 0:
	// DefaultRotateBytes.
	RotateBytes int64
	// SyncEvery is how often what was written is synced to the disk: that much can be lost
	// when the machine dies, and a tenth of a second when only the process does; 0:
	// DefaultSyncEvery.
	SyncEvery time.Duration
	// BufferBytes bounds what waits for a slow disk; beyond it lines are lost, counted, and
	// missed by readers; 0: DefaultBufferBytes.
	BufferBytes int
	// OnStop is called once, when the recording stops because the disk is full or broken;
	// nil: not called.
	OnStop func(error)
	// Clock is the time; nil: the real clock.
	Clock quartz.Clock
	// Create makes a file that must not be there yet; nil: one of the system, mode 0600.
	Create func(path string) (File, error)
}

// Stats are counts of a Dir.
type Stats struct {
	Lines   uint64 // taken
	Lost    uint64 // not written: the disk was too slow, or the recording had stopped
	Bytes   uint64 // written
	Stopped bool   // by a failure
}

// Dir is a Sink that writes files, recording-000001.ndjson and so on, in the background.
// What it cannot write it drops: whoever records never waits for the disk. It is safe for
// concurrent use.
type Dir struct {
	cfg  DirConfig
	wake chan struct{}
	done chan struct{}
	tick *quartz.Ticker

	mu     sync.Mutex // never held during I/O
	buf    []byte
	spare  []byte
	stats  Stats
	closed bool

	// Of the writing goroutine alone.
	part    int
	file    File
	size    int64 // of whole lines in file
	dirty   bool
	began   []byte // the first line of the run
	lastN   int64
	lastAt  int64
	stopped bool
}

// Open makes a Dir that goes on after the files that are there. A last file that has no
// end, because its process died, loses the torn line that it may end with, and is given
// an end. Close ends the recording.
func Open(cfg DirConfig) (*Dir, error) {
	if cfg.RotateBytes == 0 {
		cfg.RotateBytes = DefaultRotateBytes
	}
	if cfg.SyncEvery == 0 {
		cfg.SyncEvery = DefaultSyncEvery
	}
	if cfg.BufferBytes == 0 {
		cfg.BufferBytes = DefaultBufferBytes
	}
	if cfg.Clock == nil {
		cfg.Clock = quartz.NewReal()
	}
	if cfg.Create == nil {
		cfg.Create = createFile
	}
	if err := os.MkdirAll(cfg.Path, 0o700); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	last, err := lastPart(cfg.Path)
	if err != nil {
		return nil, err
	}
	if last > 0 {
		if err := mend(partPath(cfg.Path, last)); err != nil {
			return nil, err
		}
	}
	d := &Dir{cfg: cfg, part: last, wake: make(chan struct{}, 1), done: make(chan struct{})}
	if err := d.begin(); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	d.tick = cfg.Clock.NewTicker(min(writeEvery, cfg.SyncEvery), "record", "write")
	go d.run()
	return d, nil
}

func createFile(path string) (File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
}

func partPath(dir string, part int) string {
	return filepath.Join(dir, fmt.Sprintf("recording-%06d.ndjson", part))
}

// Append implements Sink.
func (d *Dir) Append(line []byte) { d.take(line, nil) }

// take is Append for a line in two pieces.
func (d *Dir) take(head, tail []byte) {
	size := len(head) + len(tail)
	d.mu.Lock()
	d.stats.Lines++
	before := len(d.buf)
	if d.closed || d.stats.Stopped || before+size > d.cfg.BufferBytes {
		d.stats.Lost++
		d.mu.Unlock()
		return
	}
	d.buf = append(append(d.buf, head...), tail...)
	if before < gathered && before+size >= gathered {
		select { // under the lock, since Close closes the channel
		case d.wake <- struct{}{}:
		default:
		}
	}
	d.mu.Unlock()
}

// Stats returns the counts so far.
func (d *Dir) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stats
}

// Close writes what is left, says that the recording was stopped, and returns when it is
// on the disk. Lines that come later are lost.
func (d *Dir) Close() error {
	d.mu.Lock()
	again := d.closed
	d.closed = true
	if !again {
		close(d.wake)
	}
	d.mu.Unlock()
	<-d.done
	return nil
}
