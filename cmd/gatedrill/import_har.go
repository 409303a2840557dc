package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/gatedrill/gatedrill/sim/recording"
	"github.com/gatedrill/gatedrill/sim/recording/har"
)

// story makes the drill of a recording or a HAR, and says what was assumed.
func (c recordingFlags) story(a *app, path string, o recording.Options) (*recording.Story, error) {
	var s *recording.Story
	var err error
	if isHAR(path) {
		s, err = c.storyOfHAR(a, path, o)
	} else {
		s, err = c.storyOfRun(a, path, o)
	}
	if err != nil {
		return nil, err
	}
	for _, n := range s.Notes {
		fmt.Fprintln(a.stderr, "note:", n)
	}
	return s, nil
}

func (c recordingFlags) storyOfRun(a *app, path string, o recording.Options) (*recording.Story, error) {
	if c.As != "" || c.Host != nil {
		return nil, misuse("--as and --host are for HAR files, and %s is a recording", path)
	}
	run, err := c.read(a, path)
	if err != nil {
		return nil, err
	}
	s, err := recording.Convert(drillName(path), run, o)
	if err != nil {
		return nil, misuse("%s: %w", path, err)
	}
	return s, nil
}

func (c recordingFlags) storyOfHAR(a *app, path string, o recording.Options) (*recording.Story, error) {
	if c.Start != 0 {
		return nil, misuse("--start is for recordings, and %s is a HAR", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, misuse("%w", err)
	}
	defer f.Close()
	i, err := har.Read(path, f, har.Options{As: har.As(c.As), Hosts: c.Host})
	var mistakes har.Mistakes
	switch {
	case i == nil, err != nil && !c.Partial:
		return nil, misuse("%w", err)
	case errors.As(err, &mistakes):
		fmt.Fprintln(a.stderr, "note:", err)
	}
	o.Notes, o.Known = slices.Concat(i.Notes, o.Notes), i.Known()
	s, err := recording.Convert(drillName(path), i.Run, o)
	if err != nil {
		return nil, misuse("%s: %w", path, err)
	}
	if line, found := i.Leak(s.Text); found {
		return nil, misuse("%s: %w: line %d has a credential of the HAR", path, recording.ErrSecret, line)
	}
	return s, nil
}

// isHAR tells a HAR from everything else by how it begins, whatever its name is. A file that
// is called one is one with a mistake.
func isHAR(path string) bool {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return false
	}
	if filepath.Ext(path) == ".har" {
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 64<<10)
	n, _ := io.ReadFull(f, head)
	return har.Is(head[:n])
}
