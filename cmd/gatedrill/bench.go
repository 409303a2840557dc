package main

import (
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gatedrill/gatedrill/cmd/internal/bench"
)

// benchCmd measures. Each of its verbs answers one question.
type benchCmd struct {
	Reload   benchReloadCmd   `cmd:"" help:"What does a reload cost the traffic in flight? Real sockets on loopback, real clocks."`
	Proxy    benchProxyCmd    `cmd:"" help:"What does the gateway add to a request, and how many can there be? By CONNECT and by base URL, against others."`
	Failover benchFailoverCmd `cmd:"" help:"What does it cost to go from key to key, to have none left, and what does a crowd do that waits for one?"`
	Sim      benchSimCmd      `cmd:"" help:"How many drills are played in a second, and how much virtual time passes?"`
	Setup    benchSetupCmd    `cmd:"" help:"Write down what a gateway that runs already is configured with, to be measured by --against."`
	Show     benchShowCmd     `cmd:"" help:"Show a report that --json wrote: as a table, as a page, as pictures."`
}

// benchReloadCmd is bench.Reload with its presets.
type benchReloadCmd struct {
	Quick bool          `xor:"preset" help:"Under 30 s, for CI: only misrouted and failed requests mean anything."`
	Soak  time.Duration `xor:"preset" placeholder:"1h" help:"Go on for so long, in rounds of the default run."`

	Rows   int           `placeholder:"N" help:"Providers under load; the default run has 10000."`
	Rate   int           `placeholder:"N" help:"Requests that begin in a second; the default run has 200."`
	Phase  time.Duration `placeholder:"10s" help:"How long each phase takes."`
	Rounds int           `placeholder:"N" help:"How often every phase of every target is run, in turn."`
	Storms []int         `placeholder:"1,10" help:"Reloads per second, a phase for each."`
	Sweep  []int         `placeholder:"10,1000" help:"Numbers of providers for which reloads are timed without load."`
	benchAgainst
	benchOutput
}

// options are the preset's with what was given beside it.
func (c *benchReloadCmd) options() (bench.Options, error) {
	o := bench.Default()
	switch {
	case c.Quick:
		o = bench.Quick()
	case c.Soak > 0:
		o = bench.Soak(c.Soak)
	}
	given(&o.Rows, c.Rows)
	given(&o.Rate, c.Rate)
	given(&o.Phase, c.Phase)
	given(&o.Rounds, c.Rounds)
	if c.Storms != nil {
		o.Storms = c.Storms
	}
	if c.Sweep != nil {
		o.Sweep = c.Sweep
	}
	return o, c.others(&o.Others)
}

func given[T comparable](to *T, value T) {
	var zero T
	if value != zero {
		*to = value
	}
}

// Run measures, and fails when a request was misrouted, failed, or was dropped.
func (c *benchReloadCmd) Run(a *app) error {
	return c.measure(a, func() (*bench.Report, error) {
		o, err := c.options()
		if err != nil {
			return nil, err
		}
		return bench.Reload(a, o, a.stderr)
	})
}

// benchAgainst chooses the other targets.
type benchAgainst struct {
	Against   []string `placeholder:"TARGET" help:"The same load at these, in turn: ${targets}, or gateways that run already, as in proxy=http://user:token@HOST:PORT, bearer=http://token@HOST:PORT/PATH/{provider} or x-api-key=…, with --setup. direct is always there."`
	Setup     string   `placeholder:"DIR" help:"What gatedrill bench setup wrote, and such a gateway is configured with."`
	AgainstCA string   `name:"against-ca" placeholder:"FILE" help:"The authorities, as PEM, that clients of such a gateway trust; the system's when you do not say."`
}

func (c *benchAgainst) others(o *bench.Others) error {
	if c.Against != nil {
		o.Against = c.Against
	}
	if c.Setup != "" {
		var err error
		if o.Setup, err = bench.OpenSetup(c.Setup); err != nil {
			return err
		}
	}
	if c.AgainstCA != "" {
		text, err := os.ReadFile(c.AgainstCA)
		if err != nil {
			return misuse("--against-ca: %w", err)
		}
		o.Roots = x509.NewCertPool()
		if !o.Roots.AppendCertsFromPEM(text) {
			return misuse("--against-ca: %s has no certificate in PEM", c.AgainstCA)
		}
	}
	return nil
}

// benchShowCmd shows a report again.
type benchShowCmd struct {
	Report  string `arg:"" placeholder:"FILE" help:"What --json wrote."`
	HTML    string `name:"html" placeholder:"FILE" help:"Write it as one HTML page with plots."`
	Plots   string `placeholder:"DIR" help:"Write its plots as plot-1.svg and so on."`
	Compare string `placeholder:"OLD.json" help:"Say what is different from an older report, and what is noise."`
}

// Run measures nothing.
func (c *benchShowCmd) Run(a *app) error {
	report, err := readReport(c.Report)
	if err != nil {
		return err
	}
	if err := report.Table(a.stdout); err != nil {
		return err
	}
	if c.Compare != "" {
		old, err := readReport(c.Compare)
		if err != nil {
			return err
		}
		if err := report.Compare(old, a.stdout); err != nil {
			return benchMisuse(err)
		}
	}
	if c.Plots != "" {
		if err := os.MkdirAll(c.Plots, 0o777); err != nil {
			return err
		}
		for i, picture := range report.Plots() {
			if err := os.WriteFile(filepath.Join(c.Plots, fmt.Sprintf("plot-%d.svg", i+1)), []byte(picture), 0o666); err != nil {
				return err
			}
		}
	}
	if c.HTML != "" {
		return writeTo(c.HTML, report.HTML)
	}
	return nil
}
