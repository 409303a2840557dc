package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/gatedrill/gatedrill/cmd/internal/bench"
)

// benchOutput is what becomes of a report.
type benchOutput struct {
	JSON    string `name:"json" placeholder:"FILE" help:"Write the report as JSON; - is stdout, and the table is left out."`
	HTML    string `name:"html" placeholder:"FILE" help:"Write the report as one HTML page with plots."`
	Compare string `placeholder:"OLD.json" help:"Say what is different from a report that --json wrote, and what is noise."`
}

// measure runs a benchmark and tells its report. It fails when the report has a fault. A
// report to compare with is read first: it may not be one.
func (c *benchOutput) measure(a *app, run func() (*bench.Report, error)) error {
	var old *bench.Report
	if c.Compare != "" {
		var err error
		if old, err = readReport(c.Compare); err != nil {
			return err
		}
	}
	report, err := run()
	if err != nil {
		return benchMisuse(err)
	}
	if err := c.write(a, report, old); err != nil {
		return benchMisuse(err)
	}
	if n := report.Faults(); n > 0 {
		return &exit{exitFailed, fmt.Errorf("%d faults, which the report names", n)}
	}
	return nil
}

// benchMisuse gives mistakes of options the exit code of misuse.
func benchMisuse(err error) error {
	if errors.Is(err, bench.ErrOptions) {
		return &exit{exitMisuse, err}
	}
	return err
}

func (c *benchOutput) write(a *app, report, old *bench.Report) error {
	if c.JSON == stdoutName {
		if err := report.JSON(a.stdout); err != nil {
			return err
		}
	} else if err := report.Table(a.stdout); err != nil {
		return err
	}
	if c.JSON != "" && c.JSON != stdoutName {
		if err := writeTo(c.JSON, report.JSON); err != nil {
			return err
		}
	}
	if c.HTML != "" {
		if err := writeTo(c.HTML, report.HTML); err != nil {
			return err
		}
	}
	if old == nil {
		return nil
	}
	to := a.stdout
	if c.JSON == stdoutName {
		to = a.stderr
	}
	return report.Compare(old, to)
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
