// Package shrink makes a failing drill small: it leaves out whatever the failure
// does not need, until nothing can be left out.
//
//	Drill ──▶ text ──one thing less──▶ Parse ──mended──▶ does it still fail so? ──yes──▶ text
//	            ▲                                                                        │
//	            └────────────────────────────────────────────────────────────────────────┘
//
// It works on the text, since whatever a drill has is a line, a part of a line or
// a word there: steps, rows, keys, rules, answers, options and settings. A text
// that does not parse any more, say because the tunnel of a later step is gone, is
// mended by leaving out what its mistakes point at.
//
//	small, seed := shrink.Shrink(d, seed, shrink.Options{}, func(d *drill.Drill, seed uint64) bool {
//		return failsTheSameWay(d, seed)
//	})
//
// Nothing here plays anything: what the failure is, and whether it is still the
// same, is up to the caller.
package shrink

import (
	"strings"

	"github.com/gatedrill/gatedrill/sim/drill"
)

// Options bound the work. The zero value goes on until nothing can be left out.
type Options struct {
	// Enough says when to stop with what there is. Nil: never.
	Enough func() bool
	// Seeds are tried, in this order, in place of the failure's own: a failure that
	// one of them has too needs no particular latencies. A step that cannot be left out
	// on the one may be on another. Nil: 1 to 8.
	Seeds []uint64
}

// Shrink returns the smallest drill that it came to, and its seed, for which still
// says yes. It trusts that still says yes to what it is given. The drill has no
// "=>" lines and no comments, and keeps its name and its files.
func Shrink(d *drill.Drill, seed uint64, o Options, still func(d *drill.Drill, seed uint64) bool) (*drill.Drill, uint64) {
	s := &shrinker{name: d.Name, files: d.Files, options: o, still: still, seed: seed, best: textOf(d), tried: map[attempt]bool{}}
	if o.Seeds == nil {
		s.options.Seeds = []uint64{1, 2, 3, 4, 5, 6, 7, 8}
	}
	for before := -1; before != s.smaller && !s.enough(); {
		before = s.smaller
		s.dropCrowds()
		s.dropSteps()
		s.merge()
		s.dropLines()
		s.dropAnswers()
		s.dropWords()
		s.plainer()
		s.calmSeed()
		if before == s.smaller {
			s.dropPairs()
			s.dropAnswered()
		}
		if before == s.smaller {
			s.dropOnOtherSeeds()
		}
	}
	s.rename()
	small, ok := s.parse(s.best)
	if !ok {
		return d, seed
	}
	return small, s.seed
}

// shrinker is one search under way.
type shrinker struct {
	name    string
	files   []drill.File
	options Options
	still   func(*drill.Drill, uint64) bool
	seed    uint64
	best    text
	ops     []drill.Op       // of best; nil: nobody has asked yet
	tried   map[attempt]bool // what did not fail so
	smaller int              // how often something could be left out
}

// attempt is a text on a seed.
type attempt struct {
	text string
	seed uint64
}

func (s *shrinker) enough() bool { return s.options.Enough != nil && s.options.Enough() }

// try takes a text if it still fails so, mended where that is needed.
func (s *shrinker) try(t text) bool { return s.tryOn(t, s.seed) }

// tryOn is try on a seed, which is taken with the text.
func (s *shrinker) tryOn(t text, seed uint64) bool {
	if s.enough() {
		return false
	}
	d, t, ok := s.mend(t)
	key := attempt{t.String(), seed}
	if !ok || s.tried[key] || key.text == s.best.String() {
		return false
	}
	if !s.still(d, seed) {
		s.tried[key] = true
		return false
	}
	s.best, s.seed, s.ops = t, seed, nil
	s.smaller++
	return true
}

// calmSeeds are how many of the seeds are tried on a text as it is.
const calmSeeds = 3

// calmSeed tries seeds that nobody chose for the failure.
func (s *shrinker) calmSeed() {
	for _, seed := range s.options.Seeds[:min(calmSeeds, len(s.options.Seeds))] {
		if seed == s.seed {
			return
		}
		d, ok := s.parse(s.best)
		if !ok || s.enough() {
			return
		}
		if s.still(d, seed) {
			s.seed = seed
			s.smaller++
			return
		}
	}
}

// parse reads a text with the files that it needs.
func (s *shrinker) parse(t text) (*drill.Drill, bool) {
	d, err := s.read(t)
	return d, err == nil
}

func (s *shrinker) read(t text) (*drill.Drill, error) {
	d := &drill.Drill{}
	body := t.String()
	for _, f := range s.files {
		if strings.Contains(body, "@"+f.Name) {
			d.Files = append(d.Files, f)
		}
	}
	return drill.Parse(s.name+".drill", []byte(body+d.String()))
}
