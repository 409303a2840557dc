package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	facts "github.com/gatedrill/gatedrill/proxy/record"
	"github.com/gatedrill/gatedrill/sim/recording"
)

// importCmd turns a recording into a drill.
type importCmd struct {
	recordingFlags
	File   string `arg:"" help:"A recording: a folder that serve --record wrote, or one of its files."`
	Output string `short:"o" placeholder:"FILE" help:"Write the drill to FILE instead of stdout. It must not be there yet."`
}

// recordingFlags say which part of a recording is meant.
type recordingFlags struct {
	Start   int  `placeholder:"N" help:"Of a recording with several starts of the gateway: the N-th, from 1."`
	Partial bool `help:"Of a recording that is not whole, take what stands before the first mistake."`
}

// Help is the rest of gatedrill import --help.
func (*importCmd) Help() string {
	return `The drill has the recorded clients, edits and answers of upstreams, and under each request that
nothing else disturbed what was decided. Comments at its top, and stderr, say what could not be
known and what was assumed. Keys have aliases; nothing is written that looks like a secret.`
}

// Run writes the drill.
func (c *importCmd) Run(a *app) error {
	run, err := c.read(a, c.File)
	if err != nil {
		return err
	}
	s, err := recording.Convert(drillName(c.File), run, recording.Options{})
	if err != nil {
		return misuse("%s: %w", c.File, err)
	}
	for _, n := range s.Notes {
		fmt.Fprintln(a.stderr, "note:", n)
	}
	if c.Output == "" {
		fmt.Fprint(a.stdout, s.Text)
		return nil
	}
	f, err := os.OpenFile(c.Output, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return misuse("-o: %w", err)
	}
	_, err = f.WriteString(s.Text)
	return errors.Join(err, f.Close())
}

// read reads the one run that is meant.
func (c recordingFlags) read(a *app, path string) (facts.Run, error) {
	rec, err := facts.ReadPath(path)
	if err != nil && (!c.Partial || len(rec.Runs) == 0) {
		return facts.Run{}, misuse("%w", err)
	}
	if err != nil {
		fmt.Fprintln(a.stderr, "note:", err)
	}
	n := c.Start
	switch {
	case n == 0 && len(rec.Runs) == 1:
		n = 1
	case n == 0:
		return facts.Run{}, misuse("%s: the gateway started %d times in it: say which with --start", path, len(rec.Runs))
	case n < 1 || n > len(rec.Runs):
		return facts.Run{}, misuse("--start: %d: the recording has 1 to %d", n, len(rec.Runs))
	}
	return rec.Runs[n-1], nil
}

// drillName is what a drill of the recording is called.
func drillName(path string) string {
	return strings.TrimSuffix(filepath.Base(filepath.Clean(path)), ".ndjson")
}

// isRecording tells a recording from a drill, by its folder or its first line.
func isRecording(path string) bool {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		found, err := filepath.Glob(filepath.Join(path, "recording-*.ndjson"))
		return err == nil && len(found) > 0
	}
	if filepath.Ext(path) == ".ndjson" {
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	line, _ := bufio.NewReader(f).ReadString('\n')
	return strings.HasPrefix(line, "{") && strings.Contains(line, `"fact":"recording"`)
}
