package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/explore"
	"github.com/gatedrill/gatedrill/sim/worker"
)

// exploreCmd draws drills and plays them.
type exploreCmd struct {
	Runs       int           `help:"How many runs. 0: 1000, unless --for or --until-quiet says when to end."`
	For        time.Duration `placeholder:"DURATION" help:"How long to explore, such as 10m."`
	UntilQuiet bool          `help:"Explore until nothing new was seen for a while: for 500 runs, and a third of all."`
	Seed       uint64        `default:"1" help:"The seed of the exploration. Run I of a seed is the same drill always."`
	From       int           `help:"The first run, to go on where another exploration ended."`
	Jobs       int           `help:"How many runs to play at the same time. 0: one per core. It changes nothing but the time it takes."`
	Most       int           `default:"10" help:"End when so many different failures were found."`
	Out        string        `placeholder:"DIR" help:"Write the drills that were found into DIR."`
	AnyMarks   bool          `help:"Do not fail when a danger was never reached. So it is with fewer than 300 runs."`
	gatewayFlag
}

// Run explores, tells what it finds as it finds it, and sums up.
func (c *exploreCmd) Run(a *app) error {
	if c.Runs < 0 || c.For < 0 || c.Jobs < 0 || c.From < 0 || c.Seed == 0 || c.Most < 1 {
		return misuse("--seed and --most are at least 1, --runs, --for, --from and --jobs at least 0")
	}
	if err := c.check(); err != nil {
		return err
	}
	if c.Runs == 0 && c.For == 0 && !c.UntilQuiet {
		c.Runs = 1000
	}
	if c.Out != "" {
		if err := os.MkdirAll(c.Out, 0o755); err != nil {
			return misuse("--out: %w", err)
		}
	}
	e := &exploration{app: a, cmd: c, tally: explore.NewTally(c.Seed), began: time.Now()}
	ctx := context.Context(a)
	if c.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(a, c.For, errTime)
		defer cancel()
	}
	e.shrinking = worker.Pool{Env: worker.Lean()}.Open(context.WithoutCancel(a))
	defer e.shrinking.Close()
	played := worker.Pool{Workers: c.Jobs, Env: worker.Lean()}.Explore(ctx, c.Gateway, c.Seed, c.From, e.result)
	if e.last != nil {
		e.shrink(*e.last)
	}
	return e.end(played)
}

// errTime is why an exploration ends that was given a time.
var errTime = errors.New("the time is over")

// exploration is one under way.
type exploration struct {
	app       *app
	cmd       *exploreCmd
	tally     *explore.Tally
	shrinking *worker.Worker
	found     []explore.Found
	last      *explore.NewFailure // the last one that is asked for, which is shrunk when nothing else is played
	began     time.Time
	shown     time.Time // when progress was shown last
	err       error
}

// result takes the results in order, and says whether to go on.
func (e *exploration) result(r explore.Result) bool {
	for _, f := range e.tally.Add(r) {
		if len(e.found)+1 == e.cmd.Most {
			e.last = &f
			return false
		}
		if e.shrink(f); e.err != nil {
			return false
		}
	}
	e.progress()
	return e.app.Err() == nil && (e.cmd.Runs == 0 || e.tally.Runs < e.cmd.Runs) && (!e.cmd.UntilQuiet || !e.tally.Quiet())
}

// shrink makes a new failure small and tells it.
func (e *exploration) shrink(f explore.NewFailure) {
	s, err := f.Job.Story()
	if err != nil {
		e.err = err
		return
	}
	found := explore.Shrunk(f, s, explore.ShrinkWithin, func(d *drill.Drill, seed uint64) explore.Result {
		r, err := e.shrinking.Explore(e.cmd.Gateway, explore.Job{Seed: seed, Name: d.Name, Text: d.String()})
		if err != nil && e.err == nil {
			e.err = err
		}
		return r
	})
	e.found = append(e.found, found)
	e.clear()
	fmt.Fprintf(e.app.stdout, "%s\n\n%s\n", found, indent(found.Drill))
	if e.cmd.Out == "" {
		return
	}
	if err := found.Write(e.cmd.Out); err != nil && e.err == nil {
		e.err = fmt.Errorf("--out: %w", err)
		return
	}
	fmt.Fprintf(e.app.stdout, "  written to %s\n\n", filepath.Join(e.cmd.Out, found.File()))
}

// progress says every now and then how far it is: often to a person who watches.
func (e *exploration) progress() {
	pause := 10 * time.Second
	if e.app.terminal {
		pause = 200 * time.Millisecond
	}
	if time.Since(e.shown) < pause || e.shown.IsZero() && !e.app.terminal {
		if e.shown.IsZero() {
			e.shown = time.Now()
		}
		return
	}
	e.shown = time.Now()
	e.clear()
	end := "\n"
	if e.app.terminal {
		end = ""
	}
	fmt.Fprint(e.app.stderr, e.sum(), end)
}

func (e *exploration) clear() {
	if e.app.terminal {
		fmt.Fprint(e.app.stderr, "\r\x1b[K")
	}
}

// sum is where the exploration stands.
func (e *exploration) sum() string {
	took := time.Since(e.began)
	return fmt.Sprintf("%d runs (%.0f a second), %d steps, %d of %d marks, %d kinds of behaviour, %s of virtual time, %d found",
		e.tally.Runs, float64(e.tally.Runs)/took.Seconds(), e.tally.Steps, e.tally.Reached(), len(explore.Marks()), e.tally.Kinds(),
		days(e.tally.Virtual), len(e.found))
}

// days writes long times as people count them.
func days(d time.Duration) string {
	if d < 48*time.Hour {
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

// end sums up, and says how to go on.
func (e *exploration) end(played error) error {
	e.clear()
	out := e.app.stdout
	fmt.Fprint(out, e.tally.Table())
	for _, b := range e.tally.Broken {
		fmt.Fprintf(out, "the harness could not play %s\n", b)
	}
	fmt.Fprintf(out, "%s, in %s\n", e.sum(), time.Since(e.began).Round(100*time.Millisecond))
	e.goOn(out)
	missed := e.tally.Missed()
	if len(missed) > 0 && len(e.found) < e.cmd.Most && !e.cmd.AnyMarks && e.tally.Runs >= explore.MarksMatter {
		fmt.Fprintf(out, "never reached, so that these runs prove nothing about it: %q\n", missed)
	} else {
		missed = nil
	}
	switch {
	case e.err != nil:
		return &exit{exitBroken, e.err}
	case len(e.tally.Broken) > 0:
		return &exit{code: exitBroken}
	case played != nil && e.app.Err() == nil && !errors.Is(played, errTime) && !errors.Is(played, context.DeadlineExceeded):
		return &exit{exitBroken, played}
	case len(e.found) > 0 || len(missed) > 0:
		return &exit{code: exitFailed}
	}
	return nil
}

// goOn names the exploration that would see what this one did not.
func (e *exploration) goOn(out io.Writer) {
	flags := ""
	if e.cmd.Gateway != reference {
		flags = " --gateway " + e.cmd.Gateway
	}
	fmt.Fprintf(out, "go on: %s explore --seed %d --from %d%s\n", invocation(), e.cmd.Seed, e.cmd.From+e.tally.Runs, flags)
}

// indent sets a text off from what is said about it.
func indent(text string) string {
	var b []byte
	for i := range len(text) {
		if (i == 0 || text[i-1] == '\n') && text[i] != '\n' {
			b = append(b, "    "...)
		}
		b = append(b, text[i])
	}
	return string(b)
}
