package bench

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"
)

// Reload measures what reloads cost the traffic in flight. It tells progress on w, which
// may be io.Discard. A run that ctx ends returns its error, and no report.
func Reload(ctx context.Context, o Options, w io.Writer) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	r := &Report{Preset: o.Preset, At: time.Now().UTC(), Machine: machine(), Rows: o.Rows, Rate: o.Rate, Mix: mixText}
	if err := sweep(ctx, o, r, w); err != nil {
		return nil, err
	}
	b := &run{options: o, report: r, progress: w, ledger: newLedger()}
	if err := b.start(); err != nil {
		return nil, err
	}
	defer b.stop()
	for round := range o.Rounds {
		if err := b.round(ctx, round); err != nil {
			return nil, err
		}
	}
	r.ratios()
	return r, nil
}

// run is one run of phases.
type run struct {
	options  Options
	report   *Report
	progress io.Writer
	ledger   *ledger
	upstream *upstream
	gateway  *gateway
	book     *book
	targets  []*target
}

func (b *run) start() (err error) {
	if b.upstream, err = startUpstream(b.ledger); err != nil {
		return err
	}
	b.book = newBook(b.options.Rows, b.ledger)
	if b.gateway, err = startGatedrill(b.upstream, b.book.rows, 0); err != nil {
		b.stop()
		return err
	}
	b.targets = []*target{b.gateway.target}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(append([]string{"direct"}, b.options.Against...)))) {
		t, err := starters[name](b.upstream)
		if err != nil {
			b.stop()
			return err
		}
		b.targets = append(b.targets, t)
	}
	return nil
}

func (b *run) stop() {
	for _, t := range b.targets {
		t.stop()
	}
	b.upstream.stop()
}

// round runs every phase of every target once. It begins with another target each time.
func (b *run) round(ctx context.Context, round int) error {
	for i := range b.targets {
		t := b.targets[(i+round)%len(b.targets)]
		if err := b.phase(ctx, t, "steady", 0, round); err != nil {
			return err
		}
		if t != b.gateway.target {
			continue
		}
		for _, rate := range b.options.Storms {
			if err := b.phase(ctx, t, stormName(rate), rate, round); err != nil {
				return err
			}
		}
	}
	return nil
}

func stormName(rate int) string { return fmt.Sprintf("storm %d/s", rate) }

// phase puts load on one target. Its first half second opens connections, and does not
// count. A storm's traffic and that of the steady state are the same, so that it is only
// the reloads that differ.
func (b *run) phase(ctx context.Context, t *target, name string, storms, round int) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := b.upstream.renew(); err != nil {
		return err
	}
	fmt.Fprintf(b.progress, "round %d of %d: %s, %s\n", round+1, b.options.Rounds, t.name, name)
	p := Phase{Target: t.name, Name: name, Round: round}
	l := newLoad(t, b.ledger, b.options.Rate, t == b.gateway.target)
	defer l.close()
	l.run(time.Second/2, func(result) {})
	l.sequence.Store(0)
	b.ledger.take()

	rec, use := newRecorder(&p), startUsage()
	var s *storm
	if storms > 0 {
		s = startStorm(b.gateway, b.book, storms)
	}
	began := l.run(b.options.Phase, rec.add)
	if s != nil {
		var err error
		if p.Reloads, err = s.end(began); err != nil {
			return err
		}
	}
	p.Process = use.end(p.Requests)
	rec.finish(b.options.Phase)
	p.Misrouted = b.ledger.take()
	b.report.Phases = append(b.report.Phases, p)
	return nil
}
