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
	File  string `arg:"" help:"A drill file, a name from the library, or a recording."`
	Seed  uint64 `default:"1" help:"The seed of the run to play again."`
	Trace string `placeholder:"FILE" help:"Compare with the trace of the same drill and seed in FILE, as run --trace wrote it."`
	JSON  bool   `name:"json" help:"Write one line of JSON to stdout, and the rest to stderr. gatedrill help json says what is in it."`
	gatewayFlag
	recordingFlags
	minimiseFlags
	realtimeFlags
	Set []string `placeholder:"CHANGE" sep:"none" help:"Of a recording: what another gateway would have done, with policy=recovering, strategy=round-robin, byok=deny, keys.NAME+=1; may be given several times."`
}

// Run plays the drill in two processes that schedule goroutines and collect
// garbage differently, tells the story if there is one, and compares the traces.
func (c *replayCmd) Run(a *app) error {
	if err := errors.Join(c.gatewayFlag.check(), c.minimiseFlags.check()); err != nil {
		return &exit{exitMisuse, err}
	}
	if c.Minimise && c.wanted() {
		return misuse("--minimise plays in virtual time, and --realtime does not: leave one of them out")
	}
	if isRecording(c.File) {
		return c.playRecording(a)
	}
	if len(c.Set) > 0 || c.Start != 0 || c.Partial || c.As != "" || c.Host != nil {
		return misuse("--set, --start, --partial, --as and --host are for recordings, and %s is none", c.File)
	}
	list, err := targets([]string{c.File})
	if err != nil {
		return err
	}
	if len(list) != 1 {
		return misuse("%s: replay plays one drill, and this is a folder of %d", c.File, len(list))
	}
	t := list[0]
	if c.Minimise {
		return c.minimise(a, t, nil)
	}
	if c.wanted() {
		return c.watchDrill(a, t.drill)
	}
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
	again := replayed{Same: true, Differences: []traceDifference{}}
	again.compare("the second run", first.Trace, second.Trace)
	if recorded != nil {
		again.compare(c.Trace, first.Trace, *recorded)
	}
	return c.tell(a, t, first, &again)
}

// compare notes the first difference of two traces.
func (r *replayed) compare(what string, one, other trace.Trace) {
	if diff := one.Difference(other); diff != "" {
		r.Same = false
		r.Differences = append(r.Differences, traceDifference{what, diff})
	}
}

// tell says how the run went, and whether it went the same way.
func (c *replayCmd) tell(a *app, t target, v *sim.Verdict, again *replayed) error {
	out := a.stdout
	if c.JSON {
		out = a.stderr
		command := (&runCmd{gatewayFlag: c.gatewayFlag}).replay(t, v)
		r := newRecord(t, v.Outcome(), v, c.Gateway, command)
		r.replayed = again
		if err := newRecords(a.stdout).Encode(r); err != nil {
			return err
		}
	}
	fmt.Fprint(out, v.Story(""))
	same := "the same, byte for byte"
	if !again.Same {
		same = "NOT the same"
	}
	for _, d := range again.Differences {
		fmt.Fprintf(out, "%s differs: %s\n", d.With, d.Text)
	}
	fmt.Fprintf(out, "%s %s on seed %d; played again, it is %s (trace %.16s)\n", v.Drill, v.Outcome(), v.Seed, same, v.Trace.Hash)
	switch {
	case v.Outcome() == sim.Broken:
		return &exit{code: exitBroken}
	case !again.Same || v.Outcome() == sim.Failed:
		return &exit{code: exitFailed}
	}
	return nil
}

func (c *replayCmd) play(a *app, t target, env ...string) (*sim.Verdict, error) {
	return c.playIn(a, worker.Pool{Workers: 1, Env: env}, c.job(t))
}

func (c *replayCmd) job(t target) worker.Job {
	return worker.Job{File: t.path, Text: string(t.text), Seed: c.Seed, Gateway: c.Gateway}
}

func (c *replayCmd) playIn(a *app, p worker.Pool, job worker.Job) (*sim.Verdict, error) {
	var got *sim.Verdict
	err := p.Play(a, []worker.Job{job}, func(_ int, v *sim.Verdict) { got = v })
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
