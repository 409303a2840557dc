package minimise

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/check"
)

// Finding is what a small drill must still show.
type Finding struct {
	// Name is how it was stated, or what says it best.
	Name string

	check string         // a check that finds something; "": a line is looked for
	like  *regexp.Regexp // a line of it; nil: exact is looked for
	shape []string       // what else the first step shows that has one, names and numbers aside
	exact []string       // all that a step shows, the client's name aside
	any   bool           // any step may be the one, and not only the first with the line
	want  []string       // what was expected in its place; nil: it is no difference
}

// Parse reads the name of a check, or the beginning of an observed line, in which "client"
// is any client, "upstream" any upstream, and * anything within a word: "client got 429".
func Parse(text string) (Finding, error) {
	words := strings.Fields(text)
	switch {
	case len(words) == 0:
		return Finding{}, fmt.Errorf("a finding is the name of a check, or the beginning of an observed line, such as %q", "client got 429")
	case len(words) == 1 && isCheck(text):
		return Finding{Name: text, check: text}, nil
	case len(words) == 1:
		return Finding{}, fmt.Errorf("%q is no check (gatedrill checks lists them), and a line has more words, such as %q", text, "client got 429")
	}
	pattern := "^"
	for i, word := range words {
		if i > 0 {
			pattern += " "
		}
		switch {
		case i == 0 && word == "client":
			pattern += `[^\s.]+`
		case i == 0 && word == "upstream":
			pattern += `\S+\.invalid(?::\d+)?`
		default:
			pattern += strings.ReplaceAll(regexp.QuoteMeta(word), `\*`, `\S*`)
		}
	}
	return Finding{Name: strings.Join(words, " "), like: regexp.MustCompile(pattern + `(?:[\s,:]|$)`)}, nil
}

func isCheck(name string) bool {
	return slices.ContainsFunc(slices.Concat(check.All(), check.OfTheEngine()), func(c check.Check) bool { return c.Name == name })
}

// First is the first thing that is wrong with a run: what a check found, or else a step that
// differs, or else a script that was not played, which is often a consequence. False: nothing is.
func First(v *sim.Verdict) (Finding, bool) {
	for _, f := range v.Findings {
		if f.Check != check.ScriptIsPlayed {
			return Finding{Name: f.Check, check: f.Check}, true
		}
	}
	for _, s := range v.Steps {
		if s.Differs() {
			return difference(s), true
		}
	}
	if len(v.Findings) > 0 {
		return Finding{Name: check.ScriptIsPlayed, check: check.ScriptIsPlayed}, true
	}
	return Finding{}, false
}

// difference is what a step showed in place of what was expected.
func difference(s sim.StepResult) Finding {
	name := fmt.Sprintf("expected %s, got %s", told(s.Want), told(s.Got))
	return Finding{Name: name, exact: exactly(s.Got), want: s.Want}
}

func told(lines []string) string {
	if len(lines) == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%q", strings.Join(lines, "; "))
}

// Where returns the step that shows the finding, from 0, -1 when it is about the run as a
// whole. False: none does.
func (f Finding) Where(v *sim.Verdict) (step int, ok bool) {
	if f.check != "" {
		for _, found := range v.Findings {
			if found.Check == f.check {
				return found.Step, true
			}
		}
		return 0, false
	}
	for i, s := range v.Steps {
		switch {
		case f.like == nil && slices.Equal(exactly(s.Got), f.exact):
			return i, true
		case f.like == nil:
		case slices.ContainsFunc(s.Got, f.like.MatchString):
			same := f.shape == nil || slices.Equal(shapes(s.Got), f.shape)
			if same || !f.any {
				return i, same
			}
		}
	}
	return 0, false
}

// fixed is the finding with what the first step shows beside the line that was asked for:
// a refusal that no upstream had a part in is another one than an upstream's own.
func (f Finding) fixed(v *sim.Verdict) (Finding, bool) {
	at, ok := f.Where(v)
	if ok && f.like != nil && f.shape == nil {
		f.shape = shapes(v.Steps[at].Got)
	}
	return f, ok
}

// At is a line of one of some steps, from 0, the last of them included. False: none of them
// has it.
func At(v *sim.Verdict, first, last int, line string) (Finding, bool) {
	f, err := Parse(line)
	if err != nil || f.like == nil {
		return Finding{}, false
	}
	for i := first; i <= last && i < len(v.Steps); i++ {
		if slices.ContainsFunc(v.Steps[i].Got, f.like.MatchString) {
			f.shape, f.any = shapes(v.Steps[i].Got), true
			return f, true
		}
	}
	return Finding{}, false
}

// Candidates are the refusals that a run shows, as findings, each once and with how often
// it is there.
func Candidates(v *sim.Verdict) (list []string) {
	times := map[string]int{}
	for _, s := range v.Steps {
		for _, line := range s.Got {
			if m := refusal.FindStringSubmatch(line); m != nil {
				name := "client " + m[1]
				if times[name]++; times[name] == 1 {
					list = append(list, name)
				}
			}
		}
	}
	for i, name := range list {
		list[i] = fmt.Sprintf("%q (%d)", name, times[name])
	}
	return list
}

var refusal = regexp.MustCompile(`^[^\s.]+ (got [45]\d\d|got no answer|refused \d+)\b`)

// shaped are the names and numbers of lines that may be others in another drill.
var shaped = []struct {
	of   *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`[\w.-]+\.invalid(:\d+)?`), "HOST"},
	{regexp.MustCompile(` /\S+`), " PATH"},
	{regexp.MustCompile(`\bkey=(none|own|unknown)\b`), "key of $1"}, // these are nobody's of the pool
	{regexp.MustCompile(`\bkey=[^\s,]+`), "key=KEY"},
	{regexp.MustCompile(`\bintercepted as \S+`), "intercepted as NAME"},
	{regexp.MustCompile(`\bretry-after=\S+`), "retry-after=N"},
	{regexp.MustCompile(`\b\d+ (events?|bytes)\b`), "N $1"},
	{regexp.MustCompile(`\b\d[\dhmns.µ]*[hms]\b`), "DURATION"},
}

func shapes(lines []string) []string {
	list := exactly(lines)
	for i := range list {
		for _, s := range shaped {
			list[i] = s.of.ReplaceAllString(list[i], s.with)
		}
	}
	return list
}

var actor = regexp.MustCompile(`^[a-z]+\d*( (?:got|has|left|refused|established|began))`)

// exactly are lines without the names of clients.
func exactly(lines []string) []string {
	list := make([]string, len(lines))
	for i, line := range lines {
		list[i] = actor.ReplaceAllString(line, "CLIENT$1")
	}
	return list
}
