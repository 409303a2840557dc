package main

import (
	"fmt"
	"io"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/picture"
)

// pictureFlag has one run drawn.
type pictureFlag struct {
	Picture string `placeholder:"FILE" help:"Draw the run to FILE as SVG: who said what to whom, step by step. Takes one drill and one seed. -: to stdout, and the rest to stderr."`
}

// check says whether there is one run to draw, and somewhere to put it.
func (f pictureFlag) check(runs int) error {
	if f.Picture == "" {
		return nil
	}
	if runs != 1 {
		return misuse("--picture draws one run, and these are %d: name one drill, and leave --seeds out", runs)
	}
	if err := canReplace(f.Picture); err != nil {
		return misuse("--picture: %w", err)
	}
	return nil
}

func (f pictureFlag) draw(stdout io.Writer, v *sim.Verdict) error {
	switch f.Picture {
	case "":
		return nil
	case stdoutName:
		_, err := io.WriteString(stdout, picture.SVG(v))
		return err
	}
	if err := replaceFile(f.Picture, []byte(picture.SVG(v))); err != nil {
		return fmt.Errorf("--picture: %w", err)
	}
	return nil
}

// oneStdout makes sure that one thing at most goes to stdout.
func (c *runCmd) oneStdout() error {
	switch {
	case c.JSON && c.JUnit == stdoutName:
		return misuse("--json and --junit - both want stdout: give --junit a file")
	case c.Picture == stdoutName && (c.JSON || c.JUnit == stdoutName):
		return misuse("--picture - wants stdout for itself: give it a file")
	}
	return nil
}
