package explore

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Tally adds up the runs of one exploration. It is for one goroutine.
type Tally struct {
	Seed     uint64
	Runs     int
	Steps    int
	Virtual  time.Duration
	Broken   []string       // what the harness could not do, and in which run
	Failures map[string]int // runs that had a failure of the name
	marks    map[string]int // runs that reached a mark
	features map[string]bool
	news     int // index of the last run that did something for the first time
}

// NewTally begins to count.
func NewTally(seed uint64) *Tally {
	return &Tally{Seed: seed, Failures: map[string]int{}, marks: map[string]int{}, features: map[string]bool{}}
}

// NewFailure is a failure whose name no run had before.
type NewFailure struct {
	Failure
	Job Job
}

// Add counts a run, and returns the failures that are new, in order.
func (t *Tally) Add(r Result) []NewFailure {
	t.Runs++
	t.Steps += r.Steps
	t.Virtual += r.Virtual
	if r.Broken != "" {
		t.Broken = append(t.Broken, fmt.Sprintf("run %d of seed %d: %s", r.Job.Run, r.Job.Seed, r.Broken))
	}
	for _, m := range r.Marks {
		t.marks[m]++
	}
	for _, f := range r.Features {
		if !t.features[f] {
			t.features[f], t.news = true, t.Runs
		}
	}
	var fresh []NewFailure
	for _, f := range r.Failures {
		if t.Failures[f.Name]++; t.Failures[f.Name] == 1 {
			fresh = append(fresh, NewFailure{f, r.Job})
		}
	}
	return fresh
}

// Quiet reports whether nothing new was seen for a while: for 500 runs, and for as
// long as half of all that went before.
func (t *Tally) Quiet() bool { return t.Runs-t.news >= max(500, t.Runs/3) }

// Kinds is how many kinds of behaviour were seen.
func (t *Tally) Kinds() int { return len(t.features) }

// Reached is how many marks were.
func (t *Tally) Reached() int { return len(Marks()) - len(t.Missed()) }

// Missed lists the marks that no run reached.
func (t *Tally) Missed() []string {
	return slices.DeleteFunc(Marks(), func(m string) bool { return t.marks[m] > 0 })
}

// Table shows how many runs reached each mark.
func (t *Tally) Table() string {
	width := 0
	for _, m := range Marks() {
		width = max(width, len(m))
	}
	var b strings.Builder
	b.WriteString("reached by\n")
	for _, m := range Marks() {
		note := ""
		if t.marks[m] == 0 {
			note = "  NEVER"
		}
		fmt.Fprintf(&b, "  %-*s %6d%s\n", width, m, t.marks[m], note)
	}
	return b.String()
}
