// Package scenarios is the library of drills: stories about what gateways of
// this kind get wrong, each a file that a person can read.
//
//	drills/SUBJECT/NAME.drill ──embed──▶ All ──▶ gatedrill run, and the tests here
//
// The subjects are rows (what a reload makes of good and bad rows), routing
// (reloads under traffic), tunnels (who may open one, and what outlives what), keys
// (failover, cooldowns, Retry-After), wire (what crosses it) and faults (upstreams
// that break, at any byte). A name is unique across subjects.
//
//	for _, s := range scenarios.All() {
//		d, err := s.Drill()
//		…
//	}
package scenarios

import (
	"embed"
	"io/fs"
	"path"
	"strings"

	"github.com/gatedrill/gatedrill/sim/drill"
)

//go:embed drills
var library embed.FS

// Scenario is one drill of the library.
type Scenario struct {
	Name string // unique, as gatedrill show takes it
	Path string // within the module, for messages
	Text []byte
}

// All lists the library in its order: by subject, then by name.
func All() []Scenario {
	var list []Scenario
	err := fs.WalkDir(library, "drills", func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := library.ReadFile(file)
		list = append(list, Scenario{
			Name: strings.TrimSuffix(path.Base(file), ".drill"),
			Path: path.Join("scenarios", file),
			Text: text,
		})
		return err
	})
	if err != nil {
		panic(err) // the files are part of the program
	}
	return list
}

// Find returns the drill with a name, which may be followed by ".drill".
func Find(name string) (Scenario, bool) {
	name = strings.TrimSuffix(name, ".drill")
	for _, s := range All() {
		if s.Name == name {
			return s, true
		}
	}
	return Scenario{}, false
}

// Drill parses the text; the library's own tests see to it that it does parse.
func (s Scenario) Drill() (*drill.Drill, error) { return drill.Parse(s.Path, s.Text) }
