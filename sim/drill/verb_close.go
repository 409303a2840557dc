package drill

import "context"

// CloseOp closes a tunnel.
type CloseOp struct{ Client string }

const closeUsage = "close TUNNEL"

func closeVerb() Verb {
	return Verb{
		Name:    "close",
		Usage:   []string{closeUsage},
		Doc:     "Closes a tunnel from the client's side. Its name is free again.",
		Example: "connect t1 alpha.invalid:443\nclose t1",
		Parse: func(l *Line) Op {
			name, ok := l.need("TUNNEL", closeUsage)
			if !ok {
				return nil
			}
			op := CloseOp{Client: l.actor(name, "tunnel")}
			l.done(closeUsage)
			return op
		},
	}
}

// String implements Op.
func (op CloseOp) String() string { return "close " + op.Client }

// Block implements Op.
func (op CloseOp) Block() []string { return nil }

// Run implements Op.
func (op CloseOp) Run(ctx context.Context, w World) error { return w.Close(ctx, op.Client) }

// Check implements Op.
func (op CloseOp) Check(s *Scope) {
	s.act()
	s.idleUnlessSending(op.Client)
	s.closeTunnel(op.Client)
}

// actor implements concurrent.
func (op CloseOp) actor() string { return op.Client }
