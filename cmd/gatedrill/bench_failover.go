package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/gatedrill/gatedrill/cmd/internal/bench"
)

// benchFailoverCmd is bench.Failover with its presets.
type benchFailoverCmd struct {
	Quick   bool   `help:"A few seconds, for CI: says that every client was served."`
	Keys    []int  `placeholder:"1,50" help:"Sizes of the pools."`
	Clients int    `placeholder:"N" help:"Size of the herd that waits for one key; the default run has 1000."`
	Probes  []int  `placeholder:"0,1" help:"Bounds of the probes at recovery to play the herd with; 0 is none."`
	JSON    string `name:"json" placeholder:"FILE" help:"Write the report as JSON; - is stdout, and the table is left out."`
}

// Run measures, and fails when a client was not served.
func (c *benchFailoverCmd) Run(a *app) error {
	o := bench.DefaultFailover()
	if c.Quick {
		o = bench.QuickFailover()
	}
	given(&o.Clients, c.Clients)
	if c.Keys != nil {
		o.Keys = c.Keys
	}
	if c.Probes != nil {
		o.Probes = c.Probes
	}
	report, err := bench.Failover(a, o, a.stderr)
	if errors.Is(err, bench.ErrOptions) {
		return &exit{exitMisuse, err}
	}
	if err != nil {
		return err
	}
	list := func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(report)
	}
	switch {
	case c.JSON == "-":
		err = list(a.stdout)
	case c.JSON != "":
		err = errors.Join(report.Table(a.stdout), writeTo(c.JSON, list))
	default:
		err = report.Table(a.stdout)
	}
	if err != nil {
		return err
	}
	if n := report.Faults(); n > 0 {
		return &exit{exitFailed, fmt.Errorf("%d clients were not served", n)}
	}
	return nil
}
