package sim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/cryptotest"
	"testing/synctest"

	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// DefaultSeed is the seed of a run that names none.
const DefaultSeed = 1

// stopWithin bounds Stop, in virtual time.
const stopWithin = patience

// Options of a run. The zero value plays on the drill's own seed, or on
// DefaultSeed.
type Options struct {
	// Seed of the run; 0 means the drill's own, else DefaultSeed. A seed that the
	// drill pins wins over this one.
	Seed uint64
	// OnStuck is called from outside the bubble when time stands still in it for
	// ever. It gets the verdict so far and must not return to the run, which
	// cannot go on: a worker reports and exits. Nil means panic with the story.
	OnStuck func(*Verdict)
	// Watch gets what was seen in a run that came to its end, in canonical order.
	// Nil: nobody looks.
	Watch func([]trace.Observation)
}

// Run plays a drill against a gateway in a world of its own and says what
// happened. The gateway is started and stopped by the run; it may be used again
// for the next one. Run must be called from a test's own goroutine, outside any
// bubble, and not in a parallel test.
func Run(t *testing.T, g Gateway, d *drill.Drill, o Options) (v *Verdict) {
	r := &run{gateway: g, drill: d, watch: o.Watch, verdict: &Verdict{Drill: d.Name, About: d.About(), Seed: SeedOf(d, o.Seed)}}
	r.dog = watch(func(f check.Finding) { r.stuck(f, o.OnStuck) })
	defer r.dog.end()
	defer func() { // runs first: the bubble's own complaint
		if p := recover(); p != nil {
			v = r.recovered(p)
		}
	}()
	if err := errors.Join(prepare(ofGateways), prepare(ofUpstreams)); err != nil {
		r.verdict.Error = err.Error()
		return r.verdict
	}
	synctest.Test(t, func(t *testing.T) {
		r.dog.guard(bubbleID())
		if testing.Testing() {
			cryptotest.SetGlobalRandom(t, r.verdict.Seed)
		}
		r.play()
	})
	return r.verdict
}

// prepare makes what worlds share before one of them needs it.
func prepare(cert func() (tls.Certificate, error)) error {
	_, err := cert()
	return err
}

// SeedOf is the seed that a drill is played on when seed is asked for: the one
// that it pins comes first, and 0 means DefaultSeed.
func SeedOf(d *drill.Drill, seed uint64) uint64 {
	if pinned, ok := d.Seed(); ok {
		return pinned
	}
	if seed == 0 {
		return DefaultSeed
	}
	return seed
}

// run is one run under way.
type run struct {
	gateway Gateway
	drill   *drill.Drill
	watch   func([]trace.Observation) // nil: nobody looks
	dog     *watchdog

	mu      sync.Mutex // the watchdog looks in from outside
	world   *World     // nil before the gateway has started
	verdict *Verdict
}

// play is the life of a world, from its first step to its last goroutine.
func (r *run) play() {
	ctx := context.Background()
	w, err := newWorld(ctx, r.gateway, r.drill, r.verdict.Seed)
	if err != nil {
		r.verdict.Error = err.Error()
		return
	}
	r.mu.Lock()
	r.world = w
	r.mu.Unlock()
	err = r.steps(ctx)
	w.leaveAll()
	w.heal()
	w.clients.closeAll()
	err = errors.Join(err, w.settle(ctx), w.metrics.sample(-1))
	r.dog.lookAway(r.observe)
	open, goroutines, stopErr := w.end(ctx)
	if stopErr != nil {
		goroutines = append([]string{stopErr.Error()}, goroutines...)
	}
	if err != nil {
		r.verdict.Error = err.Error()
	}
	r.dog.lookAway(func() { r.judge(open, goroutines) })
}

func (r *run) steps(ctx context.Context) error {
	for i, s := range r.drill.Steps {
		if err := r.world.play(ctx, i, s.Op); err != nil {
			return err
		}
	}
	return nil
}

// observe writes down what was seen, and ends the trace: how a gateway stops is
// its own affair.
func (r *run) observe() {
	w, v := r.world, r.verdict
	r.mu.Lock()
	defer r.mu.Unlock()
	v.Steps = results(r.drill, w.log.Observations())
	v.Virtual = w.since().Nanoseconds()
	v.Trace = w.log.Trace(trace.Header{Drill: v.Drill, Seed: v.Seed, Ties: w.net.Ties()})
}

// judge runs every check.
func (r *run) judge(open, goroutines []string) {
	w, v := r.world, r.verdict
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, text := range w.upstreams.faults() {
		v.Findings = append(v.Findings, check.Finding{Check: check.ScriptIsPlayed, Step: -1, Text: text})
	}
	intent := IntentOf(w.settings)
	if declarer, ok := r.gateway.(Declarer); ok {
		intent = declarer.Declare()
	}
	seen := &check.Run{
		Start: w.start, Observations: w.log.Observations(), Secrets: w.secrets.all(), Intent: intent,
		Log: w.logs.text(), Metrics: &w.metrics.samples, Open: open, Goroutines: goroutines,
	}
	if r.watch != nil {
		r.watch(seen.Observations)
	}
	v.Findings = append(v.Findings, check.FindAll(seen)...)
}

// end stops everything, and says what is left.
func (w *World) end(ctx context.Context) (open, goroutines []string, err error) {
	stopping, cancel := context.WithTimeoutCause(ctx, stopWithin, errors.New("it did not end within an hour"))
	defer cancel()
	if !w.stopped.Load() {
		if stopErr := w.gateway.Stop(stopping); stopErr != nil {
			err = fmt.Errorf("Stop: %w", stopErr)
		}
	}
	w.upstreams.close()
	w.source.close()
	err = errors.Join(err, w.settle(ctx))
	open = w.net.Open()
	w.net.Close()
	synctest.Wait() // what has ended may still be on its way out
	return open, leftovers(bubbleID()), err
}

// stuck is called from outside the bubble.
func (r *run) stuck(f check.Finding, report func(*Verdict)) {
	v := r.partial(f)
	if report == nil {
		panic("gatedrill: " + v.Story(""))
	}
	report(v)
}

// recovered turns the bubble's own complaint into a finding.
func (r *run) recovered(p any) *Verdict {
	text := fmt.Sprint(p)
	switch {
	case strings.Contains(text, "main bubble goroutine has exited"):
		return r.verdict // what is left was listed by name
	case strings.Contains(text, "deadlock:"):
		return r.partial(check.Finding{Check: check.NoDeadlock, Text: "every goroutine waits for another, and no timer is left to wake one"})
	}
	v := r.partial()
	v.Error = fmt.Sprintf("panic: %s\n%s", text, debug.Stack())
	return v
}

// partial is what can be said of a run that did not end: what was seen until
// then, and why it went no further.
func (r *run) partial(why ...check.Finding) *Verdict {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := *r.verdict
	at := -1
	if r.world != nil {
		at = r.world.log.Step()
		v.Steps = results(r.drill, r.world.log.Observations())
		for i := max(at, 0); i < len(v.Steps); i++ {
			v.Steps[i].Want = nil // not reached, or not to its end
		}
	}
	v.Findings = slices.Clone(v.Findings)
	for _, f := range why {
		f.Step = at
		v.Findings = append(v.Findings, f)
	}
	return &v
}
