package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/recording"
	"github.com/gatedrill/gatedrill/sim/worker"
)

// playRecording plays a recording against the gateway: the same decisions, or the first
// difference; with --set, what another gateway would have done.
func (c *replayCmd) playRecording(a *app) error {
	if c.Trace != "" || c.JSON {
		return misuse("--trace and --json are for drills, and %s is a recording", c.File)
	}
	var options recording.Options
	var faults []error
	for _, text := range c.Set {
		change, err := recording.ParseSet(text)
		if err != nil {
			faults = append(faults, fmt.Errorf("--set %w", err))
		}
		options.Set = append(options.Set, change)
	}
	if err := errors.Join(faults...); err != nil {
		return &exit{exitMisuse, err}
	}
	s, err := c.story(a, c.File, options)
	if err != nil {
		return err
	}
	t := target{path: drillName(c.File) + ".drill", text: []byte(s.Text)}
	if c.Minimise || c.wanted() {
		if t.drill, err = drill.Parse(t.path, t.text); err != nil {
			return err
		}
	}
	if c.Minimise {
		return c.minimise(a, t, s)
	}
	if c.wanted() {
		return c.watchRecording(a, s, t.drill)
	}
	v, err := c.playLong(a, s, t)
	if err != nil {
		return err
	}
	if v.Error != "" {
		return &exit{exitBroken, errors.New(v.Error)}
	}
	return c.tellRecording(a, s, v)
}

// realTime is what a request may take of it, far more than it does: a recording has many, so
// that a limit for all of them would say how long recordings may be.
const realTime = 5 * time.Millisecond

// playLong plays what may have a day in it. In a world one goroutine runs at a time, so that a
// second processor for it makes it slower; and what is not needed meanwhile makes room.
func (c *replayCmd) playLong(a *app, s *recording.Story, t target) (*sim.Verdict, error) {
	s.Forget()
	go debug.FreeOSMemory() // beside the worker
	limit := worker.DefaultLimit + time.Duration(s.Requests())*realTime
	job := c.job(t)
	job.Untraced = true
	return c.playIn(a, worker.Pool{Workers: 1, Limit: limit, Env: roomy(os.LookupEnv)}, job)
}

// roomy is the environment of a worker that plays a day: garbage is collected late, but for
// the last of 4 GiB. Whoever has said otherwise is right.
func roomy(lookup func(string) (string, bool)) []string {
	env := []string{"GOMAXPROCS=1"}
	for _, setting := range [...]string{"GOGC=400", "GOMEMLIMIT=4GiB"} {
		if name, _, _ := strings.Cut(setting, "="); !has(lookup, name) {
			env = append(env, setting)
		}
	}
	return env
}

func has(lookup func(string) (string, bool), name string) bool {
	_, ok := lookup(name)
	return ok
}

func (c *replayCmd) tellRecording(a *app, s *recording.Story, v *sim.Verdict) error {
	requests := s.Recorded().Requests
	if len(c.Set) > 0 {
		fmt.Fprint(a.stdout, recording.Table("recorded", strings.Join(c.Set, " "), s.Recorded(), s.Replayed(v)))
		return nil
	}
	if d := s.Compare(v); d != nil {
		fmt.Fprint(a.stdout, d)
		return &exit{code: exitFailed}
	}
	fmt.Fprintf(a.stdout, "%s: the same decisions about %d %s, in %s of virtual time\n", c.File, requests, plural(requests, "request"), round(time.Duration(v.Virtual)))
	return nil
}
