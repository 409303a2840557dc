package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gatedrill/gatedrill/cmd/internal/bench"
)

// benchCmd measures. Each of its verbs answers one question.
type benchCmd struct {
	Reload   benchReloadCmd   `cmd:"" help:"What does a reload cost the traffic in flight? Real sockets on loopback, real clocks."`
	Failover benchFailoverCmd `cmd:"" help:"What does it cost to go from key to key, to have none left, and what does a crowd do that waits for one?"`
	Show     benchShowCmd     `cmd:"" help:"Show a report that reload --json wrote: as a table, as a page, as pictures."`
}

// benchReloadCmd is bench.Reload with its presets.
type benchReloadCmd struct {
	Quick bool          `xor:"preset" help:"Under 30 s, for CI: only misrouted and failed requests mean anything."`
	Soak  time.Duration `xor:"preset" placeholder:"1h" help:"Go on for so long, in rounds of the default run."`

	Rows    int           `placeholder:"N" help:"Providers under load; the default run has 10000."`
	Rate    int           `placeholder:"N" help:"Requests that begin in a second; the default run has 200."`
	Phase   time.Duration `placeholder:"10s" help:"How long each phase takes."`
	Rounds  int           `placeholder:"N" help:"How often every phase of every target is run, in turn."`
	Storms  []int         `placeholder:"1,10" help:"Reloads per second, a phase for each."`
	Sweep   []int         `placeholder:"10,1000" help:"Numbers of providers for which reloads are timed without load."`
	Against []string      `placeholder:"NAME" help:"The same load at these, in turn: ${targets}. direct is always there."`

	JSON    string `name:"json" placeholder:"FILE" help:"Write the report as JSON; - is stdout, and the table is left out."`
	HTML    string `name:"html" placeholder:"FILE" help:"Write the report as one HTML page with plots."`
	Compare string `placeholder:"OLD.json" help:"Say what is different from a report that --json wrote, and what is noise."`
}

// options are the preset's with what was given beside it.
func (c *benchReloadCmd) options() bench.Options {
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
	if c.Against != nil {
		o.Against = c.Against
	}
	return o
}

func given[T comparable](to *T, value T) {
	var zero T
	if value != zero {
		*to = value
	}
}

// Run measures, and fails when a request was misrouted, failed, or was dropped.
func (c *benchReloadCmd) Run(a *app) error {
	var old *bench.Report
	if c.Compare != "" {
		var err error
		if old, err = readReport(c.Compare); err != nil {
			return err
		}
	}
	report, err := bench.Reload(a, c.options(), a.stderr)
	if errors.Is(err, bench.ErrOptions) {
		return &exit{exitMisuse, err}
	}
	if err != nil {
		return err
	}
	if err := c.write(a, report, old); err != nil {
		return err
	}
	if n := report.Faults(); n > 0 {
		return &exit{exitFailed, fmt.Errorf("%d requests were misrouted, failed or were dropped", n)}
	}
	return nil
}

func (c *benchReloadCmd) write(a *app, report, old *bench.Report) error {
	if c.JSON == "-" {
		if err := report.JSON(a.stdout); err != nil {
			return err
		}
	} else if err := report.Table(a.stdout); err != nil {
		return err
	}
	if old != nil {
		to := a.stdout
		if c.JSON == "-" {
			to = a.stderr
		}
		if err := report.Compare(old, to); err != nil {
			return err
		}
	}
	if c.JSON != "" && c.JSON != "-" {
		if err := writeTo(c.JSON, report.JSON); err != nil {
			return err
		}
	}
	if c.HTML != "" {
		return writeTo(c.HTML, report.HTML)
	}
	return nil
}

// benchShowCmd shows a report again.
type benchShowCmd struct {
	Report  string `arg:"" placeholder:"FILE" help:"What reload --json wrote."`
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
			return err
		}
	}
	if c.Plots != "" {
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

func readReport(path string) (*bench.Report, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, &exit{exitMisuse, err}
	}
	defer file.Close()
	report, err := bench.Read(file)
	if err != nil {
		return nil, &exit{exitMisuse, fmt.Errorf("%s: %w", path, err)}
	}
	return report, nil
}

// writeTo writes a file, and tells of what only closing it tells.
func writeTo(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
