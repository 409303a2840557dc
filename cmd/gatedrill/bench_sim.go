package main

import (
	"time"

	"github.com/gatedrill/gatedrill/cmd/internal/bench"
)

// benchSimCmd is bench.Sim with its presets.
type benchSimCmd struct {
	Quick bool          `xor:"preset" help:"A few seconds, for CI: says that no drill failed, and none was played in two ways."`
	Soak  time.Duration `xor:"preset" placeholder:"1h" help:"Go on for about so long, in rounds of the default run."`

	Drills int `placeholder:"N" help:"Drills of the library in each turn; the default run has all of them."`
	Runs   int `placeholder:"N" help:"Runs of an exploration in each turn; the default run has 200."`
	Rounds int `placeholder:"N" help:"How often each has its turn, on other seeds each time."`
	Jobs   int `placeholder:"N" help:"How many drills are played at the same time, beside one alone. One per core when you do not say."`
	benchOutput
}

func (c *benchSimCmd) options() bench.SimOptions {
	o := bench.DefaultSim()
	switch {
	case c.Quick:
		o = bench.QuickSim()
	case c.Soak > 0:
		o = bench.SoakSim(c.Soak)
	}
	given(&o.Drills, c.Drills)
	given(&o.Runs, c.Runs)
	given(&o.Rounds, c.Rounds)
	given(&o.Workers, c.Jobs)
	return o
}

// Run measures, and fails when a drill failed, or was played in two ways.
func (c *benchSimCmd) Run(a *app) error {
	return c.measure(a, func() (*bench.Report, error) { return bench.Sim(a, c.options(), a.stderr) })
}
