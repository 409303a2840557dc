package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/gatedrill/gatedrill/scenarios"
	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/worker"
)

// plainPatient is goproxy as people use it at first.
const plainPatient = "connect-mitm"

// The table stands between these lines in a document.
const (
	rowsBegin = "<!-- gatedrill rows: begin -->\n"
	rowsEnd   = "<!-- gatedrill rows: end -->\n"
)

// rowsCmd prints the rules for gateways on goproxy with their verdicts.
type rowsCmd struct {
	Write string `placeholder:"FILE" help:"Put the table between the markers of FILE."`
}

// Run plays the drills of the rules on the reference gateway and on goproxy's
// own ConnectMitm, and prints the table.
func (c *rowsCmd) Run(a *app) error {
	table, err := rowsTable(a)
	if err != nil {
		return err
	}
	if c.Write == "" {
		fmt.Fprint(a.stdout, table)
		return nil
	}
	old, err := os.ReadFile(c.Write)
	if err != nil {
		return misuse("--write: %w", err)
	}
	text, err := between(string(old), table)
	if err != nil {
		return misuse("--write: %s: %w", c.Write, err)
	}
	return replaceFile(c.Write, []byte(text))
}

// between puts a table between the markers of a text.
func between(text, table string) (string, error) {
	before, rest, begun := strings.Cut(text, rowsBegin)
	_, after, ended := strings.Cut(rest, rowsEnd)
	if !begun || !ended {
		return "", fmt.Errorf("it has no lines %q and %q", rowsBegin, rowsEnd)
	}
	return before + rowsBegin + "\n" + table + "\n" + rowsEnd + after, nil
}

// rowsTable plays and writes the table.
func rowsTable(a *app) (string, error) {
	ours, err := playRows(a, reference)
	if err != nil {
		return "", err
	}
	plain, err := playRows(a, plainPatient)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("| # | must | goproxy's ConnectMitm | proof | the reference gateway | connect-mitm |\n|---|---|---|---|---|---|\n")
	for _, r := range scenarios.Rows() {
		fmt.Fprintf(&b, "| %d | %s | %s | %s | %s | %s |\n", r.Number, r.Must, dash(r.Stock),
			code(append(append([]string{}, r.Drills...), r.Tests...)), oursOf(r, ours), plainOf(r, plain))
	}
	return b.String(), nil
}

// playRows plays every drill of the rows on a gateway.
func playRows(a *app, gateway string) (map[string]sim.Outcome, error) {
	var jobs []worker.Job
	outcomes := map[string]sim.Outcome{}
	for _, r := range scenarios.Rows() {
		for _, name := range r.Drills {
			s, ok := scenarios.Find(name)
			if !ok {
				return nil, fmt.Errorf("row %d: the library has no drill %s", r.Number, name)
			}
			jobs = append(jobs, worker.Job{File: s.Path, Text: string(s.Text), Seed: sim.DefaultSeed, Gateway: gateway})
		}
	}
	err := worker.Pool{}.Play(a, jobs, func(_ int, v *sim.Verdict) { outcomes[v.Drill] = v.Outcome() })
	return outcomes, err
}

// oursOf is the verdict on the reference gateway: that of the drills, or a word
// that it is go test's.
func oursOf(r scenarios.Row, outcomes map[string]sim.Outcome) string {
	if len(r.Drills) == 0 {
		return "go test"
	}
	return summary(r.Drills, outcomes)
}

// plainOf is the verdict on goproxy.
func plainOf(r scenarios.Row, outcomes map[string]sim.Outcome) string {
	var parts []string
	if len(r.Drills) > 0 {
		parts = append(parts, summary(r.Drills, outcomes))
	}
	if len(r.Shown) > 0 {
		parts = append(parts, "otherwise: "+code(r.Shown))
	}
	if r.Right {
		parts = append(parts, "right")
	}
	return dash(strings.Join(parts, "; "))
}

// summary names the drills that did not pass.
func summary(drills []string, outcomes map[string]sim.Outcome) string {
	var wrong []string
	for _, name := range drills {
		if outcomes[name] != sim.Passed {
			wrong = append(wrong, name)
		}
	}
	switch {
	case len(wrong) == 0:
		return "passes"
	case len(wrong) == len(drills):
		return "fails"
	}
	return "fails " + code(wrong)
}

func code(names []string) string { return "`" + strings.Join(names, "` `") + "`" }

func dash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}
