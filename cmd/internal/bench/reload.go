package bench

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Reload measures what reloads cost the traffic in flight. It tells progress on w, which
// may be io.Discard. A run that ctx ends returns its error, and no report.
func Reload(ctx context.Context, o Options, w io.Writer) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	r := &Report{Bench: benchReload, Preset: o.Preset, At: time.Now().UTC(), Machine: machine(), Rows: o.Rows, Rate: o.Rate, Mix: mixText}
	if err := sweep(ctx, o, r, w); err != nil {
		return nil, err
	}
	b := &run{report: r, rounds: o.Rounds, progress: w, ledger: newLedger()}
	if err := b.start(ctx, o.Rows, o.Others); err != nil {
		return nil, err
	}
	defer b.stop()
	for round := range o.Rounds {
		if err := b.reloads(ctx, o, round); err != nil {
			return nil, err
		}
	}
	r.added(func(Phase) string { return "steady" })
	r.reloadRatios()
	return r, nil
}

// run is one run of phases.
type run struct {
	report   *Report
	rounds   int
	progress io.Writer
	ledger   *ledger
	upstream *upstream
	gateway  *gateway
	book     *book
	targets  []*target
}

func (b *run) start(ctx context.Context, rows int, o Others) (err error) {
	if b.upstream, err = startUpstream(b.ledger); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			b.stop()
		}
	}()
	b.book = newBook(rows, b.ledger)
	if b.gateway, err = startGatedrill(b.upstream, b.book.rows, 0); err != nil {
		return err
	}
	b.targets = []*target{b.gateway.target}
	others, err := o.start(ctx, b.upstream)
	b.targets = append(b.targets, others...)
	return err
}

func (b *run) stop() {
	for _, t := range b.targets {
		t.stop()
	}
	b.upstream.stop()
}

// turns calls each target in turn, beginning with another one each round.
func (b *run) turns(round int, f func(*target) error) error {
	for i := range b.targets {
		if err := f(b.targets[(i+round)%len(b.targets)]); err != nil {
			return err
		}
	}
	return nil
}

// reloads runs every phase of every target once. A storm's traffic and that of the steady
// state are the same, so that it is only the reloads that differ.
func (b *run) reloads(ctx context.Context, o Options, round int) error {
	s := stretch{name: "steady", traffic: inFlight(o.Rate), first: inFlight(o.Rate), warmUp: time.Second / 2, length: o.Phase}
	return b.turns(round, func(t *target) error {
		if err := b.phase(ctx, t, s, round); err != nil || t != b.gateway.target {
			return err
		}
		for _, rate := range o.Storms {
			storm := s
			storm.name, storm.storms = stormName(rate), rate
			if err := b.phase(ctx, t, storm, round); err != nil {
				return err
			}
		}
		return nil
	})
}

func stormName(rate int) string { return fmt.Sprintf("storm %d/s", rate) }

// stretch is what a phase consists of.
type stretch struct {
	name string
	traffic
	// first is what opens connections, for warmUp, and does not count.
	first          traffic
	warmUp, length time.Duration
	storms         int // reloads a second
}

// phase puts load on one target.
func (b *run) phase(ctx context.Context, t *target, s stretch, round int) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := b.upstream.renew(); err != nil {
		return err
	}
	fmt.Fprintf(b.progress, "round %d of %d: %s, %s\n", round+1, b.rounds, t.name, s.name)
	p := Phase{Target: t.name, Name: s.name, Round: round, Closed: s.rate == 0, Elsewhere: t.runs}
	l := newLoad(t, b.ledger, s.first, t == b.gateway.target)
	defer l.close()
	l.run(s.warmUp, func(result) {})
	l.traffic = s.traffic
	l.sequence.Store(0)
	b.ledger.take()
	before := b.upstream.seen.Load()

	rec, use := newRecorder(&p), startUsage()
	var storm *storm
	if s.storms > 0 {
		storm = startStorm(b.gateway, b.book, s.storms)
	}
	began, took := l.run(s.length, rec.add)
	if storm != nil {
		var err error
		if p.Reloads, err = storm.end(began); err != nil {
			return err
		}
	}
	p.Process = use.end(p.Requests)
	if p.Closed {
		s.length = took
	}
	rec.finish(s.length)
	p.Misrouted = b.ledger.take()
	if n := rec.answered - int(b.upstream.seen.Load()-before); n > 0 {
		p.Misrouted["answered by nobody"] = n
	}
	b.report.Phases = append(b.report.Phases, p)
	return nil
}
