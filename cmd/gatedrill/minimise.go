package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/minimise"
	"github.com/gatedrill/gatedrill/sim/recording"
	"github.com/gatedrill/gatedrill/sim/worker"
)

// minimiseFlags make a story small.
type minimiseFlags struct {
	Minimise bool          `help:"Shrink the drill or the recording to the few events that still show a finding, and print them as a drill."`
	Finding  string        `placeholder:"TEXT" help:"With --minimise: the name of a check, or the beginning of an observed line, such as \"client got 429\". The first thing that is wrong when you do not say."`
	Out      string        `placeholder:"FILE" help:"With --minimise: write the drill to FILE instead of stdout. What is there is replaced."`
	Within   time.Duration `default:"2m" help:"With --minimise: how long to shrink, in real time."`
}

// check reports flags that go without --minimise.
func (f minimiseFlags) check() error {
	switch {
	case !f.Minimise && (f.Finding != "" || f.Out != ""):
		return misuse("--finding and --out go with --minimise")
	case f.Out != "":
		if err := canReplace(f.Out); err != nil {
			return misuse("--out: %w", err)
		}
	}
	return nil
}

// minimise shrinks a drill; s is the recording that it was made of, nil when it was none.
func (c *replayCmd) minimise(a *app, t target, s *recording.Story) error {
	if c.Trace != "" || c.JSON {
		return misuse("--trace and --json do not go with --minimise")
	}
	run := worker.Pool{Workers: 1, Env: worker.Lean()}.Open(a)
	defer run.Close()
	play := func(gateway string) minimise.Play {
		return func(d *drill.Drill, seed uint64) (*sim.Verdict, error) {
			v, err := run.Play(worker.Job{File: d.Name + ".drill", Text: d.String(), Seed: seed, Gateway: gateway})
			if err != nil {
				return nil, &exit{exitBroken, err}
			}
			return v, nil
		}
	}
	v, err := play(c.Gateway)(t.drill, c.Seed)
	if err != nil {
		return err
	}
	if v.Error != "" {
		return &exit{exitBroken, errors.New(v.Error)}
	}
	f, err := c.finding(v, s)
	if err != nil {
		return err
	}
	config := minimise.Config{Drill: t.drill, Seed: c.Seed, Finding: f, Play: play(c.Gateway), Verdict: v, Within: c.Within,
		From: filepath.Base(filepath.Clean(c.File)), Replay: c.again()}
	if s != nil {
		config.Parts = requests{s}
	}
	if len(c.Set) > 0 {
		config.From += " with " + strings.Join(c.Set, " ")
	}
	if c.Gateway != reference {
		config.Reference = play(reference)
	}
	small, err := minimise.Minimise(config)
	if errors.Is(err, minimise.ErrNotSeen) {
		return misuse("%s: there is no %q in it%s", c.File, f.Name, candidates(v))
	}
	if err != nil {
		return err
	}
	return c.tellSmall(a, small)
}

// requests are the parts of a recording.
type requests struct{ *recording.Story }

// Drill implements minimise.Parts.
func (r requests) Drill(parts []int) (*drill.Drill, error) {
	s, err := r.Part(parts)
	if err != nil {
		return nil, err
	}
	return drill.Parse("part.drill", []byte(s.Text))
}

// finding is the one that was stated, or the first thing that is wrong.
func (c *replayCmd) finding(v *sim.Verdict, s *recording.Story) (minimise.Finding, error) {
	if c.Finding != "" {
		f, err := minimise.Parse(c.Finding)
		if err != nil {
			return f, misuse("--finding: %w", err)
		}
		return f, nil
	}
	f, ok := minimise.First(v)
	if s != nil && (!ok || f.Name == check.ScriptIsPlayed) { // not every request has its lines in the drill
		if d := s.Compare(v); d != nil {
			if f, ok := minimise.At(v, d.First, d.Last, d.Seen()); ok {
				f.Name = fmt.Sprintf("expected %q, got %q", strings.Join(d.Want, "; "), strings.Join(d.Got, "; "))
				return f, nil
			}
		}
	}
	if ok {
		return f, nil
	}
	return minimise.Finding{}, misuse("%s: nothing is wrong in it, so that there is nothing to minimise; say with --finding what it must still show%s", c.File, candidates(v))
}

// candidates names what --finding could be.
func candidates(v *sim.Verdict) string {
	list := minimise.Candidates(v)
	if len(list) == 0 {
		return "; no client was refused in it"
	}
	return ": " + strings.Join(list, ", ")
}

// again is the command that plays the small drill, with %d for its seed.
func (c *replayCmd) again() string {
	file := "FILE"
	if c.Out != "" && c.Out != stdoutName {
		file = filepath.Base(c.Out)
	}
	command := "gatedrill replay " + strings.ReplaceAll(file, "%", "%%") + " --seed %d"
	if c.Gateway != reference {
		command += " --gateway " + c.Gateway
	}
	return command
}

// tellSmall writes the drill, and says what became of it.
func (c *replayCmd) tellSmall(a *app, small *minimise.Small) error {
	out := a.stderr
	if c.Out == "" || c.Out == stdoutName {
		fmt.Fprint(a.stdout, small.Text)
	} else {
		out = a.stdout
		if err := replaceFile(c.Out, []byte(small.Text)); err != nil {
			return &exit{exitBroken, fmt.Errorf("--out: %w", err)}
		}
	}
	same := "the same"
	if !small.Exact {
		same = "NOT the same"
	}
	fmt.Fprintf(out, "%s: %d steps, shrunk to %d in %d tries and %s; played twice, it is %s\n",
		small.Finding, small.Before, small.Steps, small.Tries, small.Took.Round(10*time.Millisecond), same)
	if small.Ended {
		fmt.Fprintf(out, "the time was over before nothing could be left out; --within gives more than %s\n", c.Within)
	}
	if !small.Exact {
		return &exit{code: exitFailed}
	}
	return nil
}
