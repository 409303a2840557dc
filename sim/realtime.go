package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// RealTime are the options of a run in real time.
type RealTime struct {
	// Speed is how many times as fast as the clock on the wall time goes by, for the
	// gateway, the upstreams and the drill alike; 0: 1.
	Speed float64
	// Step is told each step as it begins; nil: nobody is.
	Step func(at time.Duration, text string)
	// Saw is told what is seen, as drills write it; nil: nobody is. It is called from
	// several goroutines, one at a time.
	Saw func(at time.Duration, text string)
}

// ErrNotInRealTime says that a drill has steps that real sockets cannot do.
var ErrNotInRealTime = errors.New("sim: a drill with these steps cannot be played in real time")

// RunInRealTime plays a drill against a gateway on loopback sockets, while people watch. It
// has verdicts about steps, and no replay: what comes at one time comes in any order, and
// no checks are run. When ctx ends, the clients leave and the run ends in good order; its
// verdict has what was seen until then, and says so in Error.
func RunInRealTime(ctx context.Context, g Gateway, d *drill.Drill, o RealTime) (*Verdict, error) {
	if err := playable(d); err != nil {
		return nil, err
	}
	speed := o.Speed
	if speed == 0 {
		speed = 1
	}
	v := &Verdict{Drill: d.Name, About: d.About(), Seed: SeedOf(d, 0)}
	net := newSockets()
	w := emptyWorld(g, d, v.Seed, newFastClock(speed))
	w.net = net
	w.owed = func() time.Duration { return time.Duration(float64(net.owed.Swap(0)) * speed) }
	if o.Saw != nil {
		w.log.Watch(func(seen trace.Observation) {
			if f, ok := seen.Fact.(trace.Silent); !ok || !f.Silent() {
				o.Saw(seen.At, seen.Fact.String())
			}
		})
	}
	if err := w.open(ctx); err != nil {
		net.Close()
		return nil, err
	}
	var err error
	for i, s := range d.Steps {
		if o.Step != nil {
			o.Step(w.since(), s.Op.String())
		}
		if err = w.play(ctx, i, s.Op); err != nil {
			break
		}
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("it was ended before its last step: %w", context.Cause(ctx))
	}
	v.Virtual = w.since().Nanoseconds()
	if err = errors.Join(err, w.leave()); err != nil {
		v.Error = err.Error()
	}
	v.Steps = results(d, w.log.Observations())
	return v, nil
}

// leave ends a world on sockets: clients first, so that the gateway has nobody to wait for.
func (w *World) leave() error {
	w.leaveAll()
	w.clients.closeAll()
	const within = 10 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	err := w.gateway.Stop(ctx)
	w.upstreams.close()
	w.source.close()
	w.net.Close()
	return err
}

// playable names every step that cannot be done.
func playable(d *drill.Drill) error {
	var faults []error
	for _, s := range d.Steps {
		switch op := s.Op.(type) {
		case drill.NetOp, drill.HostOp, drill.PeerOp, drill.StopOp:
			faults = append(faults, fmt.Errorf("%s: %s", s.Pos, op))
		case drill.ExpectOp:
			if op.Expectation.Kind == drill.ExpectConnections {
				faults = append(faults, fmt.Errorf("%s: %s", s.Pos, op))
			}
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("%w: the network is the machine's own, and the gateway runs to the end\n%w", ErrNotInRealTime, errors.Join(faults...))
}
