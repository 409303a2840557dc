package drill

import "context"

// ReloadOp makes the gateway read its providers again.
type ReloadOp struct{}

func reloadVerb() Verb {
	return Verb{
		Name:    "reload",
		Usage:   []string{"reload"},
		Doc:     "Makes the gateway read its providers again. What is observed is the status of every row, or the error.",
		Example: "provider alpha openai https://alpha.invalid/v1 keys k0\nreload\n  => alpha enabled",
		Parse: func(l *Line) Op {
			l.done("reload")
			return ReloadOp{}
		},
	}
}

// String implements Op.
func (op ReloadOp) String() string { return "reload" }

// Block implements Op.
func (op ReloadOp) Block() []string { return nil }

// Run implements Op.
func (op ReloadOp) Run(ctx context.Context, w World) error { return w.Reload(ctx) }

// Check implements Op.
func (op ReloadOp) Check(s *Scope) { s.act() }

// actor implements concurrent: two reloads at once are a story worth telling.
func (op ReloadOp) actor() string { return "" }
