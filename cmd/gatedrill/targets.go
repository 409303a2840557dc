package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gatedrill/gatedrill/scenarios"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// target is one drill to play, and where its text is.
type target struct {
	path  string // as a person would name it in a message
	text  []byte
	drill *drill.Drill
	file  bool // path is a file that can be rewritten; else it is the library's
}

// targets finds and parses what the arguments name: files, folders and names of
// the library; without arguments, the library. Every mistake of every file is
// reported at once, and nothing is played then.
func targets(args []string) ([]target, error) {
	var list []target
	var faults []error
	for _, arg := range args {
		found, err := find(arg)
		list = append(list, found...)
		faults = append(faults, err)
	}
	if len(args) == 0 {
		for _, s := range scenarios.All() {
			list = append(list, target{path: s.Path, text: s.Text})
		}
	}
	for i := range list {
		d, err := drill.Parse(list[i].path, list[i].text)
		list[i].drill = d
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, &exit{exitMisuse, err}
	}
	return list, nil
}

func find(arg string) ([]target, error) {
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.IsDir():
		return findIn(arg)
	case err == nil:
		text, err := os.ReadFile(arg)
		return []target{{path: arg, text: text, file: true}}, err
	}
	if s, ok := scenarios.Find(arg); ok {
		return []target{{path: s.Path, text: s.Text}}, nil
	}
	hint := "gatedrill list shows the library"
	if near := nearest(arg); near != "" {
		hint = fmt.Sprintf("did you mean %s? %s", near, hint)
	}
	return nil, fmt.Errorf("%s: neither a file, a folder nor a drill of the library; %s", arg, hint)
}

func findIn(dir string) ([]target, error) {
	var list []target
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != ".drill" {
			return err
		}
		text, err := os.ReadFile(path)
		list = append(list, target{path: path, text: text, file: true})
		return err
	})
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("%s: no file in this folder ends in .drill", dir)
	}
	return list, err
}

// nearest is the library's drill whose name shares the most words with a name
// that nobody has.
func nearest(name string) string {
	best, most := "", 0
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '/' || r == '.' })
	for _, s := range scenarios.All() {
		shared := 0
		for _, word := range strings.Split(s.Name, "-") {
			if slices.Contains(words, word) {
				shared++
			}
		}
		if shared > most {
			best, most = s.Name, shared
		}
	}
	return best
}
