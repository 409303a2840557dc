package main

import (
	"time"

	"github.com/gatedrill/gatedrill/cmd/internal/bench"
)

// benchFailoverCmd is bench.Failover with its presets.
type benchFailoverCmd struct {
	Quick bool          `xor:"preset" help:"A few seconds, for CI: says that every client was served."`
	Soak  time.Duration `xor:"preset" placeholder:"1h" help:"Go on for about so long, in rounds of the default run."`

	Keys    []int `placeholder:"1,50" help:"Sizes of the pools."`
	Clients int   `placeholder:"N" help:"Size of the herd that waits for one key; the default run has 1000."`
	Probes  []int `placeholder:"0,1" help:"Bounds of the probes at recovery to play the herd with; 0 is none."`
	Rounds  int   `placeholder:"N" help:"How often each pool and each herd has its turn."`
	benchOutput
}

func (c *benchFailoverCmd) options() bench.FailoverOptions {
	o := bench.DefaultFailover()
	switch {
	case c.Quick:
		o = bench.QuickFailover()
	case c.Soak > 0:
		o = bench.SoakFailover(c.Soak)
	}
	given(&o.Clients, c.Clients)
	given(&o.Rounds, c.Rounds)
	if c.Keys != nil {
		o.Keys = c.Keys
	}
	if c.Probes != nil {
		o.Probes = c.Probes
	}
	return o
}

// Run measures, and fails when a client was not served.
func (c *benchFailoverCmd) Run(a *app) error {
	return c.measure(a, func() (*bench.Report, error) { return bench.Failover(a, c.options(), a.stderr) })
}
