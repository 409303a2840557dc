package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/trace"
	"github.com/gatedrill/gatedrill/sim/worker"
)

// replayCmd plays one drill again.
type replayCmd struct {
	File  string `arg:"" help:"A drill file, or a name from the library."`
	Seed  uint64 `default:"1" help:"The seed of the run to play again."`
	Trace string `placeholder:"FILE" help:"Compare with the trace of the same drill and seed in FILE, as run --trace wrote it."`
	gatewayFlag
}

// Run plays the drill in two processes that schedule goroutines and collect
// garbage differently, tells the story if there is one, and compares the traces.
func (c *replayCmd) Run(a *app) error {
	if err := c.check(); err != nil {
		return err
	}
	list, err := targets([]string{c.File})
	if err != nil {
		return err
	}
	if len(list) != 1 {
		return misuse("%s: replay plays one drill, and this is a folder of %d", c.File, len(list))
	}
	t := list[0]
	first, err := c.play(a, t)
	if err != nil {
		return err
	}
	second, err := c.play(a, t, "GOMAXPROCS=1", "GOGC=5")
	if err != nil {
		return err
	}
	recorded, err := c.recorded(first)
	if err != nil {
		return err
	}
	fmt.Fprint(a.stdout, first.Story(""))
	differences := 0
	tell := func(what string, other trace.Trace) {
		if diff := first.Trace.Difference(other); diff != "" {
			differences++
			fmt.Fprintf(a.stdout, "%s differs: %s\n", what, diff)
		}
	}
	tell("the second run", second.Trace)
	if recorded != nil {
		tell(c.Trace, *recorded)
	}
	return c.sum(a, first, differences)
}

func (c *replayCmd) sum(a *app, v *sim.Verdict, differences int) error {
	same := "the same, byte for byte"
	if differences > 0 {
		same = "NOT the same"
	}
	fmt.Fprintf(a.stdout, "%s %s on seed %d; played again, it is %s (trace %.16s)\n", v.Drill, v.Outcome(), v.Seed, same, v.Trace.Hash)
	switch {
	case v.Outcome() == sim.Broken:
		return &exit{code: exitBroken}
	case differences > 0 || v.Outcome() == sim.Failed:
		return &exit{code: exitFailed}
	}
	return nil
}

func (c *replayCmd) play(a *app, t target, env ...string) (*sim.Verdict, error) {
	var got *sim.Verdict
	job := worker.Job{File: t.path, Text: string(t.text), Seed: c.Seed, Gateway: c.Gateway}
	err := worker.Pool{Workers: 1, Env: env}.Play(a, []worker.Job{job}, func(_ int, v *sim.Verdict) { got = v })
	if err != nil {
		return nil, &exit{exitBroken, err}
	}
	return got, nil
}

// recorded finds the run's section in the trace file; nil when none was given.
func (c *replayCmd) recorded(v *sim.Verdict) (*trace.Trace, error) {
	if c.Trace == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.Trace)
	if err != nil {
		return nil, misuse("--trace: %w", err)
	}
	found, err := trace.Find(string(text), v.Drill, v.Seed)
	if errors.Is(err, trace.ErrNotFound) {
		return nil, misuse("--trace: %s has no run of %s on seed %d", c.Trace, v.Drill, v.Seed)
	}
	if err != nil {
		return nil, misuse("--trace: %s: %w", c.Trace, err)
	}
	return &found, nil
}
