package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gatedrill/gatedrill/sim/check"
)

// checksCmd lists what is checked in every run.
type checksCmd struct {
	JSON  bool   `name:"json" help:"Write a JSON array instead." xor:"form"`
	Write string `placeholder:"FILE" help:"Write them to FILE, as a document." xor:"form"`
}

// Run prints a line per check: its name and what holds.
func (c *checksCmd) Run(a *app) error {
	switch {
	case c.Write != "":
		return replaceFile(c.Write, []byte(checksDocument()))
	case c.JSON:
		return writeChecks(a)
	}
	for _, k := range allChecks() {
		fmt.Fprintf(a.stdout, "%-36s %s\n", k.Name, k.Sentence)
	}
	return nil
}

// allChecks are those that read a finished run, and then those that the engine makes
// of a run that does not end well.
func allChecks() []check.Check { return append(check.All(), check.OfTheEngine()...) }

// checkRecord is a check as --json writes it.
type checkRecord struct {
	Name     string   `json:"name"`
	Sentence string   `json:"sentence"`
	Bugs     []string `json:"bugs"`
}

func writeChecks(a *app) error {
	list := []checkRecord{}
	for _, k := range allChecks() {
		list = append(list, checkRecord{k.Name, k.Sentence, append([]string{}, k.Bugs...)})
	}
	out := json.NewEncoder(a.stdout)
	out.SetIndent("", "  ")
	return out.Encode(list)
}

// checksDocument is docs/checks.md.
func checksDocument() string {
	var b strings.Builder
	b.WriteString(`# Checks

Whatever a drill is about, these are watched in every run. A check reads what the witnesses saw: the bytes that clients
got, the upstreams, the network, what Reload returned, metrics and logs. It shares no code with the gateway, judges a
gateway by the policy that it declares, and is silent where there was nothing to see. Names are stable: they stand in
reports. Beside each are public reports of real gateways that had it wrong.

`)
	table := func(list []check.Check) {
		b.WriteString("| check | what holds | seen in |\n|---|---|---|\n")
		for _, k := range list {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.Name, strings.ReplaceAll(k.Sentence, "|", "\\|"), dash(strings.Join(k.Bugs, ", ")))
		}
	}
	table(check.All())
	b.WriteString("\nA run that does not come to its end is found out by the engine itself:\n\n")
	table(check.OfTheEngine())
	b.WriteString("\nThis file is written by `gatedrill checks --write docs/checks.md`.\n")
	return b.String()
}
