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
	File   string `arg:"" help:"A recording: a folder that serve --record wrote, or one of its files; or a HAR file."`
	Output string `short:"o" placeholder:"FILE" help:"Write the drill to FILE instead of stdout. It must not be there yet."`
}

// recordingFlags say which part of a recording is meant.
type recordingFlags struct {
	Start   int      `placeholder:"N" help:"Of a recording with several starts of the gateway: the N-th, from 1."`
	Partial bool     `help:"Of a recording that is not whole, take what stands before the first mistake; of a HAR, every entry that is whole."`
	As      string   `enum:",client,upstream" default:"" placeholder:"SIDE" help:"Of a HAR: what clients saw (client), or what went to upstreams (upstream). Guessed when you do not say."`
	Host    []string `placeholder:"HOST" help:"Of a HAR: take every entry of this host, and no others but those of hosts that are named as well."`
}

// Help is the rest of gatedrill import --help.
func (*importCmd) Help() string {
	return `The drill has the recorded clients, edits and answers of upstreams, and under each request that
nothing else disturbed what was decided. Comments at its top, and stderr, say what could not be
known and what was assumed. Keys have aliases; nothing is written that looks like a secret.

A HAR (1.2: browsers, mitmproxy, other proxies) is known by its content. docs/recording.md says what
is made of it, and which side of a gateway --as means.`
}

// Run writes the drill.
func (c *importCmd) Run(a *app) error {
	s, err := c.story(a, c.File, recording.Options{})
	if err != nil {
		return err
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
	return strings.TrimSuffix(strings.TrimSuffix(filepath.Base(filepath.Clean(path)), ".ndjson"), ".har")
}

// isRecording tells a recording or a HAR from a drill, by its folder or how it begins.
func isRecording(path string) bool {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		found, err := filepath.Glob(filepath.Join(path, "recording-*.ndjson"))
		return err == nil && len(found) > 0
	}
	if filepath.Ext(path) == ".ndjson" || isHAR(path) {
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
