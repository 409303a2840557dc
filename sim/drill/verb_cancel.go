package drill

import "context"

// CancelOp has whoever does a started step leave it.
type CancelOp struct{ Name string }

const cancelUsage = "cancel NAME"

func cancelVerb() Verb {
	return Verb{
		Name:  "cancel",
		Usage: []string{cancelUsage},
		Doc: "Breaks off the step that was started as NAME: its client tears the connection down at once, in the middle of whatever it was, and its tunnel is gone; " +
			"the context of a reload ends. What is seen is what that makes of the upstreams and the gateway.",
		Example: "connect t1 alpha.invalid:443\n" +
			"start s1 send t1 POST /v1/messages\ncancel s1",
		Parse: func(l *Line) Op {
			name, ok := l.startedStep(cancelUsage)
			if !ok {
				return nil
			}
			return CancelOp{Name: name}
		},
	}
}

// String implements Op.
func (op CancelOp) String() string { return "cancel " + op.Name }

// Block implements Op.
func (op CancelOp) Block() []string { return nil }

// Run implements Op.
func (op CancelOp) Run(ctx context.Context, w World) error { return w.Cancel(ctx, op.Name) }

// Check implements Op.
func (op CancelOp) Check(s *Scope) {
	s.act()
	switch left := s.end(op.Name).(type) {
	case ConnectOp:
		s.forgetTunnel(left.Client)
	case SendOp:
		s.forgetTunnel(left.Client)
	}
}
