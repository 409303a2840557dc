// Package explore looks for drills that a gateway fails: it draws them, plays them
// in worlds of their own, watches every property, and shrinks what it finds to a
// drill that a person can read, replay and check in.
//
//	(seed, i) ──gen.Run──▶ Story ──sim.Run──▶ Verdict ──▶ Failures ──first of a name──▶ shrink ──▶ Found
//	                                  └─ what was seen ──▶ marks, features ──▶ Tally ──▶ table
//
// Run i of a seed is the same drill always, so that a run needs no more than two
// numbers to be named, and runs can be spread over processes. A found drill needs
// neither: it is a file, and stays what it is when the generators change.
//
// A run that never got near a danger proves nothing. Marks are the dangers that an
// exploration has to have been in; one that stays at zero fails it.
//
// Explore is the front door for tests:
//
//	func TestMyGateway(t *testing.T) {
//		explore.Explore(t, myGateway{}, explore.Options{Runs: 300})
//	}
package explore

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/gen"
	"github.com/gatedrill/gatedrill/sim/model"
)

// DefaultRuns is how many runs an exploration has that is told nothing else: what a
// test may take, a few seconds.
const DefaultRuns = 300

// MarksMatter is how many runs it takes before a mark that was never reached says
// something: the rarest of them is met in one run of thirty.
const MarksMatter = 300

// ShrinkWithin bounds the shrinking of one failure, in real time.
const ShrinkWithin = 15 * time.Second

// Options of an exploration in a test. The zero value plays DefaultRuns runs of
// seed 1 and fails the test with what they find.
type Options struct {
	Seed uint64 // of all runs; 0: 1
	Runs int    // how many; 0: DefaultRuns
	// Most is how many different failures are shrunk and reported before the
	// exploration ends; 0: 5.
	Most int
	// Dir is where found drills are written, a file each; "": nowhere, they are in the
	// test's output.
	Dir string
	// ShrinkWithin bounds the shrinking of one failure, in real time; 0: ShrinkWithin.
	ShrinkWithin time.Duration
	// Settings returns what the gateway can be told of a run's settings: one that knows
	// no policies, strategies or bridge returns the zero value, and is drilled as it is;
	// if it is a sim.Declarer, by what it declares. Nil: it knows them all.
	Settings func(drill.Settings) drill.Settings
	// AnyMarks is for gateways that cannot get into some of the dangers: marks at
	// zero fail nothing then. It is implied by fewer runs than MarksMatter.
	AnyMarks bool
}

func (o Options) filled() Options {
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Runs == 0 {
		o.Runs = DefaultRuns
	}
	if o.Most == 0 {
		o.Most = 5
	}
	if o.ShrinkWithin == 0 {
		o.ShrinkWithin = ShrinkWithin
	}
	return o
}

// Explore explores a gateway and fails the test with each failure that it finds,
// shrunk and played twice, and when a mark stays at zero. Like sim.Play it must not
// be called from a parallel test. The gateway is started and stopped once a run. A
// panic in one of its goroutines ends the test binary; gatedrill explore, which
// plays in processes of their own, tells what it was doing then.
func Explore(t *testing.T, g sim.Gateway, o Options) {
	t.Helper()
	o = o.filled()
	tally, found := Search(t, g, o)
	for _, f := range found {
		t.Errorf("%s\n%s", f, f.Drill)
		if o.Dir != "" {
			if err := f.Write(o.Dir); err != nil {
				t.Error(err)
			}
		}
	}
	for _, b := range tally.Broken {
		t.Errorf("the harness could not play a run: %s", b)
	}
	if missed := tally.Missed(); len(missed) > 0 && !o.AnyMarks && o.Runs >= MarksMatter && len(found) < o.Most {
		t.Errorf("never reached in %d runs, so that they prove nothing about it: %q", tally.Runs, missed)
	}
}

// Search is Explore without a verdict: it returns what was reached and what was
// found, in the order of the runs. It ends early when Most failures are found.
func Search(t *testing.T, g sim.Gateway, o Options) (*Tally, []Found) {
	t.Helper()
	o = o.filled()
	tally := NewTally(o.Seed)
	var all []Found
	for i := range o.Runs {
		s := gen.RunFor(o.Seed, i, o.storiesFor(g))
		for _, f := range tally.Add(Play(t, g, Job{Seed: o.Seed, Run: i}, s)) {
			all = append(all, Shrunk(f, s, o.ShrinkWithin, func(d *drill.Drill, seed uint64) Result {
				return Again(t, g, d, seed)
			}))
			if len(all) == o.Most {
				return tally, all
			}
		}
	}
	return tally, all
}

// storiesFor is whom stories are drawn for. What a gateway declares that knows all
// settings is what the last ones asked for: the next ones are drawn anew.
func (o Options) storiesFor(g sim.Gateway) gen.Gateway {
	return gen.Gateway{Settings: o.Settings, Policy: func(s drill.Settings) model.Policy {
		p := model.PolicyOf(s)
		if o.Settings != nil {
			p = policyOf(g, s)
		}
		p.NoHealing = !heals(g)
		return p
	}}
}

// Write writes the drill into a folder, which is made where there is none.
func (f Found) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, f.File()), []byte(f.Drill), 0o644)
}
