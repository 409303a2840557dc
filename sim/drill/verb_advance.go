package drill

import (
	"context"
	"time"
)

// AdvanceOp lets virtual time pass.
type AdvanceOp struct{ By time.Duration }

const advanceUsage = "advance DURATION"

func advanceVerb() Verb {
	return Verb{
		Name:    "advance",
		Usage:   []string{advanceUsage},
		Doc:     "Lets virtual time pass, which no other step does by itself. The unit is always written: 5s, 2999ms, 1m30s, 24h.",
		Example: "advance 2999ms",
		Parse: func(l *Line) Op {
			w, ok := l.need("DURATION", advanceUsage)
			if !ok {
				return AdvanceOp{}
			}
			by, err := parseDuration(w.whole())
			if err != nil {
				l.mistakef(w.Column, "%v", err)
			}
			l.done(advanceUsage)
			return AdvanceOp{By: by}
		},
	}
}

// String implements Op.
func (op AdvanceOp) String() string { return "advance " + formatDuration(op.By) }

// Block implements Op.
func (op AdvanceOp) Block() []string { return nil }

// Run implements Op.
func (op AdvanceOp) Run(ctx context.Context, w World) error { return w.Advance(ctx, op.By) }

// Check implements Op.
func (op AdvanceOp) Check(s *Scope) { s.act() }

// actor implements concurrent: there is one clock.
func (op AdvanceOp) actor() string { return "the clock" }
