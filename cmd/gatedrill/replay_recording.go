package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/recording"
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
	name := drillName(c.File)
	d, err := drill.Parse(name+".drill", []byte(s.Text))
	if err != nil {
		return err
	}
	t := target{path: name + ".drill", text: []byte(s.Text), drill: d}
	if c.Minimise {
		return c.minimise(a, t, s)
	}
	if c.wanted() {
		return c.watchRecording(a, s, d)
	}
	v, err := c.play(a, t)
	if err != nil {
		return err
	}
	if v.Error != "" {
		return &exit{exitBroken, errors.New(v.Error)}
	}
	return c.tellRecording(a, s, v)
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
