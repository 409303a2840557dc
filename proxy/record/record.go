// Package record writes down what a gateway does, so that it can be looked at, and
// played again, when it is over.
//
//	gateway ──Fact──▶ Recorder ──line──▶ Sink (Dir: files, in the background)
//	                      ▲                          │
//	   Transport (attempts, answers, chunks)         ▼
//	                                     Read ──▶ Run ──▶ drills
//
// A recording is NDJSON: one Fact a line, numbered, with the instant at which it
// happened. It has aliases of keys and never a key. The format is of nobody's gateway in
// particular: whoever calls Recorder.Record at the right moments writes it too.
//
//	dir, err := record.Open(record.DirConfig{Path: "/var/lib/gatedrill/recording"})
//	if err != nil {
//		return err
//	}
//	defer dir.Close()
//	recorder := record.New(record.Config{Sink: dir})
//	alias := recorder.Learn("alpha", 1, secret) // "alpha-1"
//
// docs/recording.md has every kind of fact and its fields.
package record

import (
	"sync"
	"time"

	"github.com/coder/quartz"
)

// Version is the version of the format. Readers refuse another one.
const Version = 1

// Bodies is what is recorded of bodies.
type Bodies string

// What can be recorded of bodies.
const (
	BodiesOff  Bodies = ""     // their lengths
	BodiesHash Bodies = "hash" // and their SHA-256
	BodiesKeep Bodies = "keep" // and what the rules have left of them
)

// MaxKept is how many bytes of a body are kept at the most; what is cut off is said.
const MaxKept = 64 << 10

// Sink takes lines, each with its newline, in order. Append must not wait for I/O and
// must not keep line.
type Sink interface{ Append(line []byte) }

// Config configures a Recorder; Sink is required.
type Config struct {
	// Sink gets the lines.
	Sink Sink
	// Clock is the time; nil: the real clock.
	Clock quartz.Clock
	// Gateway says whose recording it is; "": "gatedrill".
	Gateway string
	// Settings are the gateway's, as drills write them: policy, strategy, byok, tunnel,
	// auth; nil: they are not known.
	Settings map[string]string
	// Bodies is what is recorded of bodies; zero: BodiesOff.
	Bodies Bodies
	// Rules are applied to bodies that are kept, in order, before anything else; nil:
	// none. Whatever looks like a secret is taken out in any case.
	Rules []Rule
}

// Recorder numbers facts and writes them to its sink. It is safe for concurrent use. All
// methods of a nil Recorder do nothing.
type Recorder struct {
	cfg     Config
	dir     *Dir // the sink, when it is one: it takes a line in two pieces
	aliases aliases

	mu    sync.Mutex // held for a copy in memory, never for I/O
	began time.Time
	n     int64
	line  []byte
}

// New begins a recording with its first line. It panics without a Sink.
func New(cfg Config) *Recorder {
	if cfg.Sink == nil {
		panic("record: New without a Sink")
	}
	if cfg.Clock == nil {
		cfg.Clock = quartz.NewReal()
	}
	if cfg.Gateway == "" {
		cfg.Gateway = "gatedrill"
	}
	r := &Recorder{cfg: cfg, began: cfg.Clock.Now("record", "began")}
	r.dir, _ = cfg.Sink.(*Dir)
	r.Record(&Fact{Kind: KindRecording, Version: Version, Gateway: cfg.Gateway,
		Began: r.began.UTC().Format(time.RFC3339Nano), Settings: cfg.Settings, Bodies: cfg.Bodies})
	return r
}

// Record writes a fact; its N and At are put in. Of Header it writes what a recording has,
// free of secrets, so that headers may be given as they came. The fact is the caller's
// again when Record returns.
func (r *Recorder) Record(f *Fact) {
	if r != nil {
		r.put(f)
	}
}

// put is Record, and returns the instant that the fact got.
func (r *Recorder) put(f *Fact) time.Duration {
	var space [room]byte
	tail := append(f.appendTail(space[:0]), '\n')
	r.mu.Lock()
	at := r.now()
	r.append(at, tail)
	r.mu.Unlock()
	return at
}

// both is put for two facts of one instant.
func (r *Recorder) both(f, then *Fact) {
	var space [room]byte
	first := append(f.appendTail(space[:0]), '\n')
	tails := append(then.appendTail(first), '\n')
	r.mu.Lock()
	at := r.now()
	r.append(at, tails[:len(first)])
	r.append(at, tails[len(first):])
	r.mu.Unlock()
}

// now is the time since the recording began. Lines get it under the lock, so that instants
// never go back from one to the next.
func (r *Recorder) now() time.Duration { return r.cfg.Clock.Since(r.began, tagsAt...) }

// append gives a line to the sink; r.mu is held.
func (r *Recorder) append(at time.Duration, tail []byte) {
	r.n++
	r.line = appendHead(r.line[:0], r.n, at.Nanoseconds())
	if r.dir != nil {
		r.dir.take(r.line, tail)
		return
	}
	r.line = append(r.line, tail...)
	r.cfg.Sink.Append(r.line)
}

// tagsAt are the tags of the clock's readings, made once.
var tagsAt = []string{"record", "at"}

// Learn returns the alias of a provider's key at a position, from 1. A secret has one
// alias for as long as the recorder lives, the first that it got. It writes nothing.
func (r *Recorder) Learn(provider string, position int, secret string) string {
	if r == nil {
		return ""
	}
	return r.aliases.learn(provider, position, secret)
}

// Alias returns what a secret is called: "none" when it is empty, "own" when it was never
// learnt.
func (r *Recorder) Alias(secret string) string {
	switch alias, known := r.aliases.of(secret); {
	case secret == "":
		return KeyNone
	case known:
		return alias
	default:
		return KeyOwn
	}
}
