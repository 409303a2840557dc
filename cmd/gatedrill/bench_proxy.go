package main

import (
	"time"

	"github.com/gatedrill/gatedrill/cmd/internal/bench"
)

// benchProxyCmd is bench.Proxy with its presets.
type benchProxyCmd struct {
	Quick bool          `xor:"preset" help:"Under 30 s, for CI: only misrouted and failed requests mean anything."`
	Soak  time.Duration `xor:"preset" placeholder:"1h" help:"Go on for so long, in rounds of the default run."`

	Rate    int           `placeholder:"N" help:"Requests on warm connections that begin in a second, and a quarter of it on fresh ones; the default run has 200."`
	Clients int           `placeholder:"N" help:"Clients that send as fast as they are answered, for throughput; the default run has 16."`
	Phase   time.Duration `placeholder:"1500ms" help:"How long each phase takes."`
	Rounds  int           `placeholder:"N" help:"How often every phase of every target is run, in turn."`
	benchAgainst
	benchOutput
}

func (c *benchProxyCmd) options() (bench.ProxyOptions, error) {
	o := bench.DefaultProxy()
	switch {
	case c.Quick:
		o = bench.QuickProxy()
	case c.Soak > 0:
		o = bench.SoakProxy(c.Soak)
	}
	given(&o.Rate, c.Rate)
	given(&o.Clients, c.Clients)
	given(&o.Phase, c.Phase)
	given(&o.Rounds, c.Rounds)
	return o, c.others(&o.Others)
}

// Run measures, and fails when a request was misrouted or failed.
func (c *benchProxyCmd) Run(a *app) error {
	return c.measure(a, func() (*bench.Report, error) {
		o, err := c.options()
		if err != nil {
			return nil, err
		}
		return bench.Proxy(a, o, a.stderr)
	})
}
