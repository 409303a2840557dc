package main

import (
	"errors"
	"fmt"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/recording"
)

// realtimeFlags let people watch.
type realtimeFlags struct {
	Realtime bool    `help:"Play it on loopback sockets in real time, with a line for each thing that happens. It ends with Ctrl-C, and compares what real time allows."`
	Speed    float64 `placeholder:"N" help:"So many times as fast as it happened, waits and limits included; implies --realtime."`
}

func (f realtimeFlags) wanted() bool { return f.Realtime || f.Speed != 0 }

func (f realtimeFlags) check() error {
	if f.Speed < 0 || f.Speed > 1000 {
		return misuse("--speed %v: it is above 0, and 1000 at the most", f.Speed)
	}
	return nil
}

// watch plays a drill before people's eyes, until its end or an interrupt.
func (c *replayCmd) watch(a *app, d *drill.Drill) (*sim.Verdict, error) {
	if c.Trace != "" || c.JSON || len(c.Set) > 0 {
		return nil, misuse("--trace, --json and --set are for virtual time, and not for --realtime and --speed")
	}
	if err := c.realtimeFlags.check(); err != nil {
		return nil, err
	}
	if c.Gateway != reference {
		return nil, misuse("--gateway: in real time only the reference gateway is played")
	}
	ctx, stop := signal.NotifyContext(a, syscall.SIGTERM)
	defer stop()
	v, err := sim.RunInRealTime(ctx, sim.Reference(), d, sim.RealTime{
		Speed: c.Speed,
		Step:  func(at time.Duration, text string) { liveLine(a, at, text) },
		Saw:   func(at time.Duration, text string) { liveLine(a, at, "  => "+text) },
	})
	switch {
	case errors.Is(err, sim.ErrNotInRealTime):
		return nil, &exit{exitMisuse, err}
	case err != nil:
		return nil, &exit{exitBroken, err}
	case v.Error != "":
		fmt.Fprintln(a.stdout, v.Error)
		return nil, &exit{code: exitFailed}
	}
	return v, nil
}

// liveLine shows a step's first line, or a fact, with its instant.
func liveLine(a *app, at time.Duration, text string) {
	text, _, _ = strings.Cut(text, "\n")
	fmt.Fprintf(a.stdout, "%9.3fs  %s\n", at.Seconds(), text)
}

// watchDrill shows a drill in real time.
func (c *replayCmd) watchDrill(a *app, d *drill.Drill) error {
	v, err := c.watch(a, d)
	if err != nil {
		return err
	}
	fmt.Fprint(a.stdout, v.Story(""))
	fmt.Fprintf(a.stdout, "%s %s in real time, %s of the drill's; no checks are run, and nothing is compared byte for byte\n",
		d.Name, v.Outcome(), round(time.Duration(v.Virtual)))
	if v.Outcome() == sim.Passed {
		return nil
	}
	fmt.Fprintln(a.stdout, "what comes within milliseconds of a deadline may go either way here, and more so at a high --speed; without --realtime it does not")
	return &exit{code: exitFailed}
}

// watchRecording shows a recording in real time, and compares routes, keys and statuses.
func (c *replayCmd) watchRecording(a *app, s *recording.Story, d *drill.Drill) error {
	v, err := c.watch(a, d)
	if err != nil {
		return err
	}
	if diff := s.CompareRealTime(v); diff != nil {
		fmt.Fprint(a.stdout, diff)
		return &exit{code: exitFailed}
	}
	n := s.Recorded().Requests
	fmt.Fprintf(a.stdout, "%s: the same routes, keys and statuses about %d %s, as far as real time allows; waits are not compared\n", c.File, n, plural(n, "request"))
	return nil
}
