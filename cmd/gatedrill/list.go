package main

import (
	"fmt"

	"github.com/gatedrill/gatedrill/scenarios"
	"github.com/gatedrill/gatedrill/sim/drill"
)

// listCmd lists the library.
type listCmd struct{}

// Run prints a line per drill: its name and what it is about.
func (*listCmd) Run(a *app) error {
	for _, s := range scenarios.All() {
		d, err := s.Drill()
		if err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "%-36s %s\n", s.Name, d.About())
	}
	return nil
}

// showCmd prints drills.
type showCmd struct {
	Names []string `arg:"" help:"Names from the library."`
}

// Run prints the texts as they are.
func (c *showCmd) Run(a *app) error {
	var found []scenarios.Scenario
	for _, name := range c.Names {
		s, ok := scenarios.Find(name)
		if !ok {
			if near := nearest(name); near != "" {
				return misuse("no drill of the library is called %s; did you mean %s?", name, near)
			}
			return misuse("no drill of the library is called %s; gatedrill list shows them", name)
		}
		found = append(found, s)
	}
	for _, s := range found {
		fmt.Fprintf(a.stdout, "%s", s.Text)
	}
	return nil
}

// helpCmd explains topics that a flag's one line cannot.
type helpCmd struct {
	Topic string `arg:"" enum:"drill,json" help:"drill: how drill files are written. json: what --json writes."`
}

// Run prints what the verbs and the records say of themselves.
func (c *helpCmd) Run(a *app) error {
	text := drill.Help()
	if c.Topic == "json" {
		text = recordHelp
	}
	fmt.Fprint(a.stdout, text)
	return nil
}
