// Package minimise makes the story of something that was seen small: the few events after
// which it is still seen, as a drill.
//
//	Drill ──played──▶ Finding ──sim/shrink──▶ the smallest drill that shows it ──played twice──▶ Small
//
// A finding is a check's, a difference, or a line that the run shows, such as a client that was
// refused. A line is not enough by itself, since a drill of one request and one answer
// can show nearly every line: the first step with the line must show what it did
// in the whole story, names and numbers aside. So a client whom the gateway refused without
// asking anybody, when nobody had been refused before, takes what led to that.
//
//	f, err := minimise.Parse("client got 429")
//	small, err := minimise.Minimise(minimise.Config{Drill: d, Seed: 1, Finding: f, Play: play})
//
// Nothing here plays anything by itself.
package minimise

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coder/quartz"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/check"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/shrink"
)

// ErrNotSeen says that a run does not show what was to be found in it.
var ErrNotSeen = errors.New("minimise: the run does not show it")

// Play plays a drill. The error is the harness's.
type Play func(d *drill.Drill, seed uint64) (*sim.Verdict, error)

// Config says what is to be made small; Drill, Seed, Finding and Play are required.
type Config struct {
	// Drill is the whole story, and Seed the one that shows the finding.
	Drill *drill.Drill
	Seed  uint64
	// Finding is from Parse or First.
	Finding Finding
	// Play plays drills on the gateway that is drilled.
	Play Play
	// Reference plays drills on a gateway that is right; nil: there is none. With one, a
	// difference stays one: the small drill's step shows something else there.
	Reference Play
	// Verdict is the whole story's on Seed; nil: it is played.
	Verdict *sim.Verdict
	// Parts are what the drill was made of; nil: it is only known as it is. With them, whole
	// parts are left out before words are.
	Parts Parts
	// From says where the drill is from, and Replay how to play a file again that has the small
	// one, with %d for its seed; both stand above it.
	From, Replay string
	// Within bounds the search, by Clock; zero: none.
	Within time.Duration
	// Clock tells how long it takes; nil: quartz.NewReal().
	Clock quartz.Clock
}

// Parts are what a drill was made of, such as the requests of a recording, each of which has
// its own answers of upstreams: in a drill these are sequences, from which nothing can be left out
// by itself.
type Parts interface {
	// Until is how many parts have begun when a step is over.
	Until(step int) int
	// Drill is the drill of some parts, by their numbers from 0, in order.
	Drill(parts []int) (*drill.Drill, error)
}

// Small is what is left.
type Small struct {
	Text    string // of the drill, which says all of this itself
	Finding string
	Shown   string // the line of the small drill that shows it; "": a check's words do
	Seed    uint64
	Before  int           // steps of the whole story
	Steps   int           // steps of the small one
	Tries   int           // drills that were played
	Took    time.Duration // by the clock
	Exact   bool          // played twice, it shows the finding, and the traces do not differ
	Ended   bool          // the time was over before nothing could be left out
}

// search is one under way.
type search struct {
	Config
	tries   int
	err     error
	enough  func() bool
	allowed map[string]bool // checks that found something in the whole story too
}

// Minimise returns the smallest drill that it came to. The error wraps ErrNotSeen, or is
// the harness's.
func Minimise(c Config) (*Small, error) {
	if c.Clock == nil {
		c.Clock = quartz.NewReal()
	}
	began := c.Clock.Now()
	s := &search{Config: c, allowed: map[string]bool{}}
	first, ok := c.Verdict, true
	if first == nil {
		if first, ok = s.play(c.Play, c.Drill, c.Seed); !ok {
			return nil, s.err
		}
	}
	for _, f := range first.Findings {
		s.allowed[f.Check] = true
	}
	if s.Finding, ok = c.Finding.fixed(first); !ok {
		return nil, fmt.Errorf("%w: %s", ErrNotSeen, c.Finding.Name)
	}
	s.enough = func() bool { return s.err != nil || c.Within > 0 && c.Clock.Since(began) > c.Within }
	if c.Parts != nil {
		first = s.dropParts(first)
	}
	small, seed := shrink.Shrink(s.cut(first), c.Seed, shrink.Options{Enough: s.enough}, s.still)
	ended := s.enough()
	if s.err != nil {
		return nil, s.err
	}
	result := &Small{Finding: s.Finding.Name, Seed: seed, Before: len(c.Drill.Steps), Steps: len(small.Steps), Ended: ended}
	if err := s.tell(result, small); err != nil {
		return nil, err
	}
	result.Tries, result.Took = s.tries, c.Clock.Since(began)
	return result, nil
}

// play plays, and notes what keeps it from that.
func (s *search) play(on Play, d *drill.Drill, seed uint64) (*sim.Verdict, bool) {
	if s.err != nil {
		return nil, false
	}
	s.tries++
	v, err := on(d, seed)
	if err != nil {
		s.err = err
	}
	return v, err == nil
}

// cut leaves out at once what comes after the finding, which has no part in it.
func (s *search) cut(v *sim.Verdict) *drill.Drill {
	at, _ := s.Finding.Where(v)
	if at < 0 || at+1 >= len(s.Drill.Steps) {
		return s.Drill
	}
	short := *s.Drill
	short.Steps = s.Drill.Steps[:at+1]
	if read, err := drill.Parse(short.Name+".drill", []byte(short.String())); err == nil && s.still(read, s.Seed) {
		return read
	}
	return s.Drill
}

// still reports whether a drill shows the finding, and nothing that the whole story did not:
// a script may offer more than anybody asks for, but a request without an answer is a
// mistake of the shortening.
func (s *search) still(d *drill.Drill, seed uint64) bool {
	_, ok := s.shown(d, seed)
	return ok
}

// shown is still, with the run.
func (s *search) shown(d *drill.Drill, seed uint64) (v *sim.Verdict, ok bool) {
	v, ok = s.play(s.Play, d, seed)
	return v, ok && v.Error == "" && s.shows(v, d, seed)
}

func (s *search) shows(v *sim.Verdict, d *drill.Drill, seed uint64) bool {
	at, seen := s.Finding.Where(v)
	if !seen || slices.ContainsFunc(v.Findings, func(f check.Finding) bool { return s.isNew(f) }) {
		return false
	}
	if s.Reference == nil || s.Finding.want == nil {
		return true
	}
	right, ok := s.play(s.Reference, d, seed)
	return ok && right.Error == "" && at < len(right.Steps) && !slices.Equal(exactly(right.Steps[at].Got), s.Finding.exact)
}

func (s *search) isNew(f check.Finding) bool {
	if f.Check == check.ScriptIsPlayed && s.Finding.check != check.ScriptIsPlayed {
		return strings.Contains(f.Text, "no rule answers") || strings.Contains(f.Text, "ran out")
	}
	return !s.allowed[f.Check]
}

// tell plays the small drill twice and writes it, with what it shows.
func (s *search) tell(r *Small, small *drill.Drill) error {
	one, ok := s.play(s.Play, small, r.Seed)
	two, also := s.play(s.Play, small, r.Seed)
	if !ok || !also {
		return s.err
	}
	at, seen := s.Finding.Where(one)
	_, again := s.Finding.Where(two)
	r.Exact = seen && again && one.Trace.Hash == two.Trace.Hash
	want := make([][]string, len(small.Steps))
	for i := range want {
		if i < len(one.Steps) && len(one.Steps[i].Got) > 0 && s.Finding.want == nil {
			want[i] = one.Steps[i].Got
		}
	}
	said := s.Finding.Name
	switch {
	case s.Finding.check != "":
		for _, f := range slices.Backward(one.Findings) {
			if f.Check == s.Finding.check {
				said = f.Check + ": " + strings.SplitN(f.Text, "\n", 2)[0]
			}
		}
	case !seen:
	case s.Finding.want != nil:
		r.Shown = strings.Join(one.Steps[at].Got, "; ")
		var err error
		if want[at], said, err = s.expected(small, r.Seed, at); err != nil {
			return err
		}
	default:
		r.Shown = strings.Join(one.Steps[at].Got, "; ")
		said = fmt.Sprintf("%s: %q.", s.Finding.Name, r.Shown)
	}
	told, err := small.WithWant(want)
	if err != nil {
		return fmt.Errorf("minimise: %w", err)
	}
	r.Text = s.head(r, said) + told.String()
	return nil
}

// expected is what the step of a difference should have shown, and who says so.
func (s *search) expected(small *drill.Drill, seed uint64, at int) (want []string, said string, err error) {
	said = upperFirst(s.Finding.Name) + ". "
	if s.Reference == nil {
		return s.Finding.want, said + "What stands below the last step is from the whole story: what would be right in this one nobody has recorded.", nil
	}
	right, ok := s.play(s.Reference, small, seed)
	if !ok {
		return nil, "", s.err
	}
	return right.Steps[at].Got, said + "What stands below the last step is what the reference gateway shows there.", nil
}

// head is the prose above the drill.
func (s *search) head(r *Small, said string) string {
	var b strings.Builder
	for _, sentence := range []string{said, fmt.Sprintf("Shrunk from %d steps of %s.", r.Before, s.From)} {
		line := "#"
		for _, word := range strings.Fields(sentence) {
			if len(line)+len(word) > 100 {
				b.WriteString(line + "\n")
				line = "#"
			}
			line += " " + word
		}
		b.WriteString(line + "\n")
	}
	fmt.Fprintf(&b, "# Replay: %s\n\n", fmt.Sprintf(s.Replay, r.Seed))
	return b.String()
}

func upperFirst(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
