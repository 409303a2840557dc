package drill

import "context"

// QuietOp says that everything around the gateway is in order from here on.
type QuietOp struct{}

func quietVerb() Verb {
	return Verb{
		Name:  "quiet",
		Usage: []string{"quiet"},
		Doc: "Says that every fault is over, around the gateway and in the scripts: whatever is asked from here on has to be served, by an upstream, and whole. " +
			"The check \"recovers\" holds the gateway to that. Keys that the gateway has disabled stay its own affair.",
		Example: "source fails \"database is down\"\nreload\nsource heals\nreload\nquiet",
		Parse: func(l *Line) Op {
			l.done("quiet")
			return QuietOp{}
		},
	}
}

// String implements Op.
func (op QuietOp) String() string { return "quiet" }

// Block implements Op.
func (op QuietOp) Block() []string { return nil }

// Run implements Op.
func (op QuietOp) Run(ctx context.Context, w World) error { return w.Quiet(ctx) }

// Check implements Op.
func (op QuietOp) Check(s *Scope) { s.act() }
