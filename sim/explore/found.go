package explore

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/gen"
	"github.com/gatedrill/gatedrill/sim/shrink"
)

// Found is a failure with the smallest drill that has it.
type Found struct {
	Failure
	Job    Job    // the run that had it first
	Drill  string // the text of the shrunk drill, which says all of this itself
	Seed   uint64 // of the world that the shrunk drill fails in
	Before int    // steps of the drill as it was drawn
	Steps  int    // steps of the shrunk drill
	Tries  int    // drills that were played in order to shrink it
	Took   time.Duration
	Exact  bool // played twice, it failed the same way, and the traces did not differ
}

// Shrunk shrinks a failure of a story for at most so long. Again plays a drill.
func Shrunk(f NewFailure, s gen.Story, within time.Duration, again func(*drill.Drill, uint64) Result) Found {
	began := time.Now()
	found := Found{Failure: f.Failure, Job: f.Job, Before: len(s.Drill.Steps)}
	deadline := began.Add(within)
	enough := func() bool { return time.Now().After(deadline) }
	from, adrift := s.Drill, again(s.Drill, s.Seed).Adrift
	for _, status := range []int{200, 500} {
		if wide := widened(s.Drill, status); adrift {
			if r := again(wide, s.Seed); r.has(f.Name) && !r.Adrift {
				from, adrift = wide, false
			}
		}
	}
	still := func(d *drill.Drill, seed uint64) bool {
		found.Tries++
		r := again(d, seed)
		return r.has(f.Name) && (adrift || !r.Adrift)
	}
	small, seed := shrink.Shrink(from, s.Seed, shrink.Options{Enough: enough}, still)
	one, two := again(small, seed), again(small, seed)
	found.Exact = one.has(f.Name) && two.has(f.Name) && one.Hash == two.Hash
	for _, g := range one.Failures {
		if g.Name == f.Name {
			found.Text = g.Text
		}
	}
	found.Seed, found.Steps, found.Took = seed, len(small.Steps), time.Since(began)
	found.Drill = found.write(small, one.Want)
	return found
}

// write is the drill as a file, with a word about where it comes from. What the
// model foretells stands in it when that is what went otherwise.
func (f Found) write(d *drill.Drill, want [][]string) string {
	told := *d
	told.Steps = slices.Clone(d.Steps)
	for i := range told.Steps {
		if f.IsDifference() && i < len(want) {
			told.Steps[i].Want = want[i]
		}
	}
	var b strings.Builder
	for _, line := range wrap(f.What()) {
		fmt.Fprintf(&b, "# %s\n", line)
	}
	fmt.Fprintf(&b, "# Run %d of seed %d, shrunk from %d steps. Replay: gatedrill replay %s --seed %d\n\n", f.Job.Run, f.Job.Seed, f.Before, f.File(), f.Seed)
	return b.String() + told.String()
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// File is a name for the drill's file.
func (f Found) File() string {
	if !f.IsDifference() {
		return f.Name + ".drill"
	}
	expected, _, _ := strings.Cut(strings.TrimPrefix(f.Name, differs), ", got")
	slug := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(expected), "-"), "-")
	return fmt.Sprintf("%s-%d.drill", slug[:min(len(slug), 40)], f.Job.Run)
}

// What says what is wrong.
func (f Failure) What() string {
	if f.IsDifference() {
		return f.Text
	}
	return f.Name + ": " + f.Text
}

// String says what was found and how.
func (f Found) String() string {
	exact := "played twice, it is the same"
	if !f.Exact {
		exact = "played twice, it is NOT the same"
	}
	return fmt.Sprintf("%s\n  run %d of seed %d: %d steps, shrunk to %d in %d tries and %s; %s",
		f.What(), f.Job.Run, f.Job.Seed, f.Before, f.Steps, f.Tries, f.Took.Round(10*time.Millisecond), exact)
}

// wrap breaks a text into lines for people.
func wrap(text string) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+len(word) > 100 {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}
