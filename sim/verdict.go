package sim

import (
	"regexp"
	"slices"
	"strings"

	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// Verdict is the result of one run. It survives being written as JSON, so that
// a worker process can report it.
type Verdict struct {
	Drill    string
	About    string // the drill's first sentence
	Seed     uint64
	Steps    []StepResult
	Findings []check.Finding // what the gateway did wrong, by the always-on checks
	Error    string          // what the harness could not do; "": it could
	Trace    trace.Trace
	Virtual  int64 // nanoseconds of virtual time that the run took
	Wall     int64 // nanoseconds of real time, by whoever had it played in a process of its own; 0: nobody measured
}

// StepResult is one step with what was expected and what was seen.
type StepResult struct {
	Line     string   // the step, as the drill has it
	Position string   // file:line
	Want     []string // nil: not compared
	Got      []string
}

// Differs reports whether the step has expectations and something else was seen.
func (s StepResult) Differs() bool {
	return s.Want != nil && !matchAll(s.Want, s.Got)
}

// matchAll compares lines in order. One that was not observed stands for lines that
// it matches, one at least.
func matchAll(want, got []string) bool {
	if len(got) == 0 || len(want) == 0 {
		return len(want) == len(got)
	}
	many := strings.Contains(got[0], trace.Unobserved)
	for n := 1; n <= len(want) && matches(want[n-1], got[0]); n++ {
		if matchAll(want[n:], got[1:]) {
			return true
		}
		if !many {
			break
		}
	}
	return false
}

// Outcome of a run.
type Outcome string

const (
	Passed Outcome = "passed" // everything was as expected
	Failed Outcome = "failed" // the gateway did something else
	Broken Outcome = "broken" // the harness could not play the drill
)

// Outcome sums the verdict up. What the harness could not do comes first: a run
// that broke off says nothing about the gateway.
func (v *Verdict) Outcome() Outcome {
	switch {
	case v.Error != "":
		return Broken
	case len(v.Findings) > 0 || slices.ContainsFunc(v.Steps, StepResult.Differs):
		return Failed
	}
	return Passed
}

// Observed is what each step should say after "=>" for the drill to pass: the
// argument of drill.Drill.WithWant. A step that says nothing today is left as it
// is, since a quiet setup is the author's choice; a drill without any "=>" gets
// them everywhere.
func (v *Verdict) Observed() [][]string {
	loud := slices.ContainsFunc(v.Steps, func(s StepResult) bool { return s.Want != nil })
	all := make([][]string, len(v.Steps))
	for i, s := range v.Steps {
		if s.Want != nil || !loud {
			all[i] = s.Got
		}
	}
	return all
}

// matches compares an expected line with an observed one; what could not be
// observed matches whatever stands in its place.
func matches(want, got string) bool {
	if want == got {
		return true
	}
	if !strings.Contains(got, trace.Unobserved) {
		return false
	}
	parts := strings.Split(got, trace.Unobserved)
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	ok, err := regexp.MatchString("^"+strings.Join(parts, ".*")+"$", want)
	return err == nil && ok
}

// results puts the observations beside the steps of the drill.
func results(d *drill.Drill, all []trace.Observation) []StepResult {
	list := make([]StepResult, len(d.Steps))
	for i, s := range d.Steps {
		list[i] = StepResult{Line: s.Op.String(), Position: s.Pos.String(), Want: s.Want, Got: []string{}}
	}
	for _, o := range all {
		if f, ok := o.Fact.(trace.Silent); ok && f.Silent() {
			continue
		}
		list[o.Step].Got = append(list[o.Step].Got, o.Fact.String())
	}
	return list
}
