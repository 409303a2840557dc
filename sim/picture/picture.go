// Package picture draws a run: who said what to whom, step by step, in virtual time.
//
//	Verdict ──read──▶ scene: lanes (clients, gateway, bridge, upstreams) and rows ──draw──▶ SVG
//
// Time runs downwards. What a drill did not expect is red, and so is what it expected in
// vain; findings stand below the step that they are about.
//
//	svg := picture.SVG(verdict)
package picture

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim"
)

// SVG is the picture of a run, one file that needs no other. The same verdict gives the same
// bytes.
func SVG(v *sim.Verdict) string { return draw(read(v)) }

// scene is what there is to draw.
type scene struct {
	title, about string
	failed       bool
	lanes        []string
	gateway      int // index of its lane
	rows         []row
}

// kind of a row.
type kind int

const (
	stepRow  kind = iota // a line of the drill
	arrowRow             // from one lane to another
	askRow               // to an upstream, and its answer
	noteRow              // what the gateway is or did
	wrongRow             // what should have been, or a finding
)

type row struct {
	kind     kind
	at       time.Duration
	from, to string // lanes
	label    string
	answer   string // of an askRow
	tone     tone
	wrong    bool // the drill expected something else
}

// tone is the colour of a row.
type tone int

const (
	plain tone = iota
	good
	bad
)

// read makes the scene of a verdict. Its facts come from the trace, which has their
// instants; what a drill does not show is left out, but for what clients sent.
func read(v *sim.Verdict) scene {
	s := scene{title: v.Drill + ", seed " + strconv.FormatUint(v.Seed, 10), about: v.About, failed: v.Outcome() != sim.Passed}
	facts := factsOf(v.Trace.Text)
	at := time.Duration(0)
	for i, step := range v.Steps {
		s.rows = append(s.rows, row{kind: stepRow, at: at, label: step.Line})
		told := slices.Clone(step.Got)
		for _, f := range facts[i+1] {
			at = max(at, f.at)
			shown := take(&told, f.text)
			r, ok := rowOf(f, shown)
			if !ok {
				continue
			}
			r.wrong = shown && step.Differs() && !slices.Contains(step.Want, f.text)
			s.rows = append(s.rows, r)
		}
		if passed, ok := strings.CutPrefix(step.Line, "advance "); ok {
			if d, err := time.ParseDuration(passed); err == nil {
				at += d
			}
		}
		s.wrongs(v, i, step)
	}
	s.arrange()
	return s
}

// wrongs adds what a step was expected to show and did not, and what checks found in it.
func (s *scene) wrongs(v *sim.Verdict, i int, step sim.StepResult) {
	if step.Differs() {
		got := slices.Clone(step.Got)
		for _, line := range step.Want {
			if !take(&got, line) {
				s.rows = append(s.rows, row{kind: wrongRow, label: "expected: " + line})
			}
		}
	}
	for _, f := range v.Findings {
		if f.Step == i || i == len(v.Steps)-1 && (f.Step < 0 || f.Step > i) {
			s.rows = append(s.rows, row{kind: wrongRow, label: f.Check + ": " + f.Text})
		}
	}
}

// arrange puts the lanes in order: clients, gateway, bridge, upstreams, each group as it
// appeared.
func (s *scene) arrange() {
	var clients, upstreams []string
	bridge := false
	for _, r := range s.rows {
		for _, lane := range []string{r.from, r.to} {
			switch {
			case lane == "" || lane == gatewayLane:
			case lane == bridgeLane:
				bridge = true
			case r.kind == askRow:
				if !slices.Contains(upstreams, lane) {
					upstreams = append(upstreams, lane)
				}
			case !slices.Contains(clients, lane):
				clients = append(clients, lane)
			}
		}
	}
	s.lanes = append(clients, gatewayLane)
	s.gateway = len(clients)
	if bridge {
		s.lanes = append(s.lanes, bridgeLane)
	}
	s.lanes = append(s.lanes, upstreams...)
}

// take removes the first such line, and reports whether there was one.
func take(lines *[]string, line string) bool {
	i := slices.Index(*lines, line)
	if i >= 0 {
		*lines = slices.Delete(*lines, i, i+1)
	}
	return i >= 0
}
