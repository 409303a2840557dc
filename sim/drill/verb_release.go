package drill

import "context"

// ReleaseOp lets the answers go on that an upstream holds.
type ReleaseOp struct{ Host string }

const releaseUsage = "release HOST[:PORT]"

func releaseVerb() Verb {
	return Verb{
		Name:  "release",
		Usage: []string{releaseUsage},
		Doc:   "Lets every answer go on that the upstream holds right now, because its script says \"hold\". One that comes to its hold later is held anew.",
		Example: "upstream alpha.invalid\n  key any: 200\n" +
			"release alpha.invalid",
		Parse: func(l *Line) Op {
			host, ok := l.need("HOST", releaseUsage)
			if !ok {
				return nil
			}
			op := ReleaseOp{Host: host.whole()}
			if err := upstreamError(op.Host); err != nil {
				l.mistakef(host.Column, "%v", err)
			}
			l.done(releaseUsage)
			return op
		},
	}
}

// String implements Op.
func (op ReleaseOp) String() string { return "release " + bare(op.Host) }

// Block implements Op.
func (op ReleaseOp) Block() []string { return nil }

// Run implements Op.
func (op ReleaseOp) Run(ctx context.Context, w World) error { return w.Release(ctx, op.Host) }

// Check implements Op.
func (op ReleaseOp) Check(s *Scope) {
	s.act()
	s.upstream(op.Host)
}
