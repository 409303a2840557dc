package drill

import "context"

// AwaitOp waits for the end of a step that was started.
type AwaitOp struct{ Name string }

const awaitUsage = "await NAME"

func awaitVerb() Verb {
	return Verb{
		Name:  "await",
		Usage: []string{awaitUsage},
		Doc:   "Waits until the step that was started as NAME has ended, and sees how; virtual time passes for that, an hour at most. A step that ended before was seen before.",
		Example: "connect t1 alpha.invalid:443\n" +
			"start s1 send t1 POST /v1/messages\nawait s1\n  => t1 got 200",
		Parse: func(l *Line) Op {
			name, ok := l.startedStep(awaitUsage)
			if !ok {
				return nil
			}
			return AwaitOp{Name: name}
		},
	}
}

// startedStep reads the name of a step that was started, which is all of the line.
func (l *Line) startedStep(usage string) (name string, ok bool) {
	w, ok := l.need("NAME", usage)
	if !ok {
		return "", false
	}
	name = l.actor(w, "step")
	l.done(usage)
	return name, true
}

// String implements Op.
func (op AwaitOp) String() string { return "await " + op.Name }

// Block implements Op.
func (op AwaitOp) Block() []string { return nil }

// Run implements Op.
func (op AwaitOp) Run(ctx context.Context, w World) error { return w.Await(ctx, op.Name) }

// Check implements Op.
func (op AwaitOp) Check(s *Scope) {
	s.act()
	s.end(op.Name)
}
