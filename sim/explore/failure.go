package explore

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/model"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// Failure is one way in which a run went wrong. Two failures of one name are the
// same as far as an exploration goes: one of them is shrunk and shown.
type Failure struct {
	Name string // of a check, or the kind of difference
	Text string // what was wrong this time
}

// IsDifference reports whether the model expected something else, as opposed to a
// check that found something.
func (f Failure) IsDifference() bool { return strings.HasPrefix(f.Name, differs) }

const differs = "unforetold: "

// failuresOf lists what is wrong with a run, each name once: where it left what was
// foretold, and what the checks found.
func failuresOf(v *sim.Verdict, seen []trace.Observation, times []time.Duration) []Failure {
	var list []Failure
	differed := false
	if i := firstDifference(v, seen, times); i >= 0 {
		list, differed = append(list, difference(v.Steps[i])), true
	}
	for _, f := range v.Findings {
		if f.Check == check.ScriptIsPlayed && (differed || !unanswered(f)) {
			continue // scripts of a story offer more than anybody asks for
		}
		if !slices.ContainsFunc(list, func(g Failure) bool { return g.Name == f.Check }) {
			text, _, _ := strings.Cut(f.Text, "\n")
			list = append(list, Failure{Name: f.Check, Text: text})
		}
	}
	return list
}

// unanswered reports whether a finding is a request that no script has an answer to.
func unanswered(f check.Finding) bool {
	return f.Check == check.ScriptIsPlayed && (strings.Contains(f.Text, "no rule answers") || strings.Contains(f.Text, "ran out"))
}

// firstDifference is the index of the first step that went differently; -1: none
// did. What comes after one is its consequence. Where the world is later than the
// model allows for, the model's deadlines mean nothing.
func firstDifference(v *sim.Verdict, seen []trace.Observation, times []time.Duration) int {
	latest := make([]time.Duration, len(v.Steps)+1)
	for _, o := range seen {
		if o.Step >= 0 && o.Step < len(v.Steps) {
			latest[o.Step+1] = max(latest[o.Step+1], o.At)
		}
	}
	for i, s := range v.Steps {
		latest[i+1] = max(latest[i+1], latest[i])
		if i > 0 && latest[i]-times[i-1] >= model.Blur {
			return -1
		}
		if otherwise(s) {
			return i
		}
	}
	return -1
}

// otherwise reports whether a step went differently. In which words a gateway says
// that a reload failed is its own affair, unless it is the reference.
func otherwise(s sim.StepResult) bool {
	const failed = "reload failed: "
	if len(s.Want) == 1 && len(s.Got) == 1 && strings.HasPrefix(s.Want[0], failed) && strings.HasPrefix(s.Got[0], failed) &&
		strings.HasSuffix(s.Got[0], trace.Unobserved) {
		return false
	}
	return s.Differs()
}

// difference names a step that went differently by the first line that did, names
// and numbers aside.
func difference(s sim.StepResult) Failure {
	i := 0
	for i < len(s.Want) && i < len(s.Got) && !(sim.StepResult{Want: s.Want[i : i+1], Got: s.Got[i : i+1]}).Differs() {
		i++
	}
	line := func(list []string) string {
		if i < len(list) {
			return list[i]
		}
		return "nothing"
	}
	want, got := line(s.Want), line(s.Got)
	return Failure{
		Name: fmt.Sprintf("%sexpected %q, got %q", differs, shape(want), shape(got)),
		Text: fmt.Sprintf("%s: the model expects %q, and there was %q", s.Line, want, got),
	}
}

var shapes = []struct {
	of   *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`/\S+`), "/PATH"},
	{regexp.MustCompile(`[\w.-]+\.invalid(:\d+)?`), "HOST"},
	{regexp.MustCompile(`\bkey=k\d+\b`), "key=KEY"},
	{regexp.MustCompile(`\b(answered|answers) \d+`), "answered"},
	{regexp.MustCompile(`\bk\d+\b`), "KEY"},
	{regexp.MustCompile(`\b(alpha|beta|gamma|broken)(-v2)*\b`), "NAME"},
	{regexp.MustCompile(`^([a-z]\d+|client)\b`), "CLIENT"},
	{regexp.MustCompile(`retry-after=\S+`), "retry-after=N"},
	{regexp.MustCompile(`\b\d[\dhmns.µ]*[hms]\b`), "DURATION"},
}

// shape is a line without what may be called otherwise.
func shape(line string) string {
	for _, s := range shapes {
		line = s.of.ReplaceAllString(line, s.with)
	}
	return line
}

// has reports whether a result has a failure of that name.
func (r Result) has(name string) bool {
	return slices.ContainsFunc(r.Failures, func(f Failure) bool { return f.Name == name })
}
