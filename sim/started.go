package sim

import (
	"context"
	"errors"
	"fmt"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// errLeft is why the context of a step ends that a drill breaks off.
var errLeft = errors.New("cancelled")

// startedStep is a step that goes on while others run, in a goroutine of the
// bubble.
type startedStep struct {
	name  string
	leave context.CancelCauseFunc
	done  chan struct{} // closed when it has ended
	err   error         // what the harness could not do; read it after done
}

func (s *startedStep) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// Start implements drill.World. The step has come as far as it can when the
// world has settled, before the next one begins.
func (w *World) Start(ctx context.Context, name string, op drill.Op) error {
	ctx, leave := context.WithCancelCause(ctx)
	s := &startedStep{name: name, leave: leave, done: make(chan struct{})}
	w.started = append(w.started, s)
	go func() {
		defer close(s.done)
		s.err = op.Run(ctx, w)
	}()
	return nil
}

// Await implements drill.World. Every request has a bound of its own, below the
// one here, which is for a reload that never ends.
func (w *World) Await(ctx context.Context, name string) error {
	s, err := w.take(name)
	if err != nil {
		return err
	}
	defer s.leave(nil)
	if s.ended() {
		w.log.Observe(trace.StepEnded{Name: name, Before: true})
		return s.err
	}
	t := w.clock.NewTimer(patience)
	defer t.Stop()
	select {
	case <-s.done:
	case <-t.C:
		w.log.Observe(trace.StepEnded{Name: name, Never: patience})
		s.leave(errLeft)
		<-s.done
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return s.err
}

// Cancel implements drill.World.
func (w *World) Cancel(_ context.Context, name string) error {
	s, err := w.take(name)
	if err != nil {
		return err
	}
	if s.ended() {
		w.log.Observe(trace.StepEnded{Name: name, Before: true})
	}
	s.leave(errLeft)
	<-s.done
	return s.err
}

// take removes a step from the list of those that go on or wait to be awaited.
func (w *World) take(name string) (*startedStep, error) {
	for i, s := range w.started {
		if s.name == name {
			w.started = append(w.started[:i:i], w.started[i+1:]...)
			return s, nil
		}
	}
	return nil, fmt.Errorf("sim: nothing was started as %q", name)
}

// leaveAll ends what a drill that broke off has left.
func (w *World) leaveAll() {
	for _, s := range w.started {
		s.leave(errLeft)
		<-s.done
	}
	w.started = nil
}

// Release implements drill.World.
func (w *World) Release(_ context.Context, host string) error {
	u := w.upstreams.find(host)
	if u == nil {
		return fmt.Errorf("sim: no upstream %q", host)
	}
	u.fake.Release()
	return nil
}
