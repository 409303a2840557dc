package drill

import (
	"context"
	"strconv"
)

// SeedOp pins the seed of a drill. Running it does nothing: a world takes its seed from Drill.Seed, before step one.
type SeedOp struct{ Seed uint64 }

const seedUsage = "seed NUMBER"

func seedVerb() Verb {
	return Verb{
		Name:    "seed",
		Usage:   []string{seedUsage},
		Doc:     "Pins the seed, and with it every latency; it is the first step. A drill holds for every seed, so that this is for one that does not yet.",
		Example: "seed 42",
		Parse: func(l *Line) Op {
			w, ok := l.need("NUMBER", seedUsage)
			if !ok {
				return SeedOp{}
			}
			n, err := strconv.ParseUint(w.whole(), 10, 64)
			if err != nil {
				l.mistakef(w.Column, "seed %q: want a whole number from 0 to 18446744073709551615", w.whole())
			}
			l.done(seedUsage)
			return SeedOp{Seed: n}
		},
	}
}

// String implements Op.
func (op SeedOp) String() string { return "seed " + strconv.FormatUint(op.Seed, 10) }

// Block implements Op.
func (op SeedOp) Block() []string { return nil }

// Run implements Op.
func (op SeedOp) Run(context.Context, World) error { return nil }

// Check implements Op.
func (op SeedOp) Check(s *Scope) {
	if s.index > 0 {
		s.line.mistakef(s.line.words[0].Column, "seed is not the first step: move it to the top, and keep one")
	}
}
