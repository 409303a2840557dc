// Package trace is what a run leaves behind: deliveries and observations, each
// a line, in an order that the seed decides.
//
//	driver ──Delivery──┐
//	                   ├──▶ Log ──▶ Trace (text, hash)
//	witnesses ─Fact────┘     └────▶ Observations, by step, in canonical order
//
// Two runs of one drill on one seed have the same Trace, byte for byte. So a
// trace holds instants, names, plaintext lengths and hashes, and never the size
// of a ciphertext: a TLS signature is not the same length twice.
//
//	log := trace.NewLog(func() time.Duration { return time.Since(start) })
//	log.Observe(trace.TunnelOpened{Client: "t1", Host: "alpha.invalid"})
//	text := log.Trace(trace.Header{Drill: "first", Seed: 1}).Text
//
// Facts are values that checks can read; their String is the line that a drill
// shows after "=>".
package trace

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gatedrill/gatedrill/sim/simnet"
)

// Version is the first line of a trace. It changes when the same run would be
// written differently.
const Version = "gatedrill trace 1"

// Fact is something that was seen. Its String is one line, without an instant.
type Fact interface {
	fmt.Stringer
	// Actor says who saw it or did it, for the canonical order.
	Actor() Actor
}

// Observation is a fact with its place in the run.
type Observation struct {
	Step int           // index of the step in the drill, from 0
	At   time.Duration // virtual time since the world began
	Fact Fact
}

// Actor orders the facts of one step: by rank, then by name, then as they
// happened.
type Actor struct {
	Rank Rank
	Name string
}

// Rank of an actor: a request is read from the gateway's inside to the client.
type Rank int

const (
	RankGateway Rank = iota // what a reload or an inspection said
	RankBridge
	RankUpstream
	RankClient
)

// Log gathers a run. It is safe for concurrent use.
type Log struct {
	now   func() time.Duration
	watch func(Observation) // nil: nobody looks

	mu    sync.Mutex
	step  int
	lines strings.Builder // of the trace, up to the last delivery or step
	batch []entry         // observations since then
	seen  []Observation
}

// entry is one line of the trace.
type entry struct {
	text  string
	actor Actor
}

// NewLog takes the clock of the world: virtual time since it began.
func NewLog(now func() time.Duration) *Log { return &Log{now: now} }

// Watch has f told every fact as it is observed, one at a time. It is called before the first.
func (l *Log) Watch(f func(Observation)) { l.watch = f }

// Begin says that the step with this index begins.
func (l *Log) Begin(step int, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.step = step
	l.closeBatchLocked()
	fmt.Fprintf(&l.lines, "step %d %s\n", step+1, text)
}

// Step is the index of the step that began last.
func (l *Log) Step() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.step
}

// Deliver notes a delivery; it is the network's OnDelivery.
func (l *Log) Deliver(d simnet.Delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closeBatchLocked()
	l.lines.WriteString(d.String())
	l.lines.WriteByte('\n')
}

// Observe notes a fact of the present step.
func (l *Log) Observe(f Fact) {
	at := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, Observation{Step: l.step, At: at, Fact: f})
	if l.watch != nil {
		l.watch(l.seen[len(l.seen)-1])
	}
	text := f.String()
	if d, ok := f.(Detailed); ok {
		text += " | " + d.Detail()
	}
	l.batch = append(l.batch, entry{text: fmt.Sprintf("%d = %s", at.Nanoseconds(), text), actor: f.Actor()})
}

// Detailed facts have more to say in a trace than in a drill: lengths and
// hashes of bodies.
type Detailed interface{ Detail() string }

// closeBatchLocked writes down what was observed since the last delivery, in
// canonical order: within one instant two goroutines may have spoken in either
// order, and that is not theirs to decide.
func (l *Log) closeBatchLocked() {
	slices.SortStableFunc(l.batch, func(a, b entry) int { return compareActors(a.actor, b.actor) })
	for _, e := range l.batch {
		l.lines.WriteString(e.text)
		l.lines.WriteByte('\n')
	}
	clear(l.batch)
	l.batch = l.batch[:0]
}

func compareActors(a, b Actor) int {
	return cmp.Or(cmp.Compare(a.Rank, b.Rank), strings.Compare(a.Name, b.Name))
}

// Observations are the facts of the run so far, in canonical order: step,
// actor, sequence.
func (l *Log) Observations() []Observation {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := slices.Clone(l.seen)
	slices.SortStableFunc(all, func(a, b Observation) int {
		return cmp.Or(cmp.Compare(a.Step, b.Step), compareActors(a.Fact.Actor(), b.Fact.Actor()))
	})
	return all
}

// Of returns the facts of one step, in canonical order.
func (l *Log) Of(step int) []Observation {
	return slices.DeleteFunc(l.Observations(), func(o Observation) bool { return o.Step != step })
}

// Header is what a trace says of itself before it begins.
type Header struct {
	Drill string // the drill's name
	Seed  uint64
	Ties  int // dials whose order nobody promises; a trace with ties may differ
}

// Trace is a finished run as text.
type Trace struct {
	Text string
	Hash string // SHA-256 of Text, in hexadecimal
}

// Trace writes down the run so far.
func (l *Log) Trace(h Header) Trace {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closeBatchLocked()
	return Of(fmt.Sprintf("%s\ndrill %s\nseed %d\nties %d\n%send\n", Version, h.Drill, h.Seed, h.Ties, l.lines.String()))
}

// Of is the trace with this text.
func Of(text string) Trace {
	sum := sha256.Sum256([]byte(text))
	return Trace{Text: text, Hash: hex.EncodeToString(sum[:])}
}

// Difference is the first line in which two traces differ, "" when there is
// none.
func (t Trace) Difference(u Trace) string {
	if t.Text == u.Text {
		return ""
	}
	a, b := strings.Split(t.Text, "\n"), strings.Split(u.Text, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d is %q, and then %q", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, and then %d", len(a)-1, len(b)-1) // the last one is empty
}

// ErrNotFound is returned by Find when no trace is the wanted one.
var ErrNotFound = errors.New("trace: no such run")

// Find picks the trace of one drill and seed out of a file that holds several,
// one after the other. It fails with ErrNotFound, or when text is not of traces.
func Find(text, drill string, seed uint64) (Trace, error) {
	if !strings.HasPrefix(text, Version+"\n") {
		return Trace{}, fmt.Errorf("trace: the first line is not %q", Version)
	}
	head := fmt.Sprintf("drill %s\nseed %d\n", drill, seed)
	for _, section := range strings.Split(text, Version+"\n")[1:] {
		if strings.HasPrefix(section, head) {
			return Of(Version + "\n" + section), nil
		}
	}
	return Trace{}, fmt.Errorf("%w: %s on seed %d", ErrNotFound, drill, seed)
}
