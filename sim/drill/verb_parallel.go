package drill

import "context"

// ParallelOp does several things at the same time.
type ParallelOp struct {
	Ops   []Op   // connect, send, request, close, reload and advance, each by somebody else
	Notes []Note // comments and blank lines between them
}

const parallelUsage = "parallel"

// concurrent is an Op that can run while others do.
type concurrent interface {
	// actor is who acts, and therefore can do nothing else at the same time. "": anybody may.
	actor() string
}

func parallelVerb() Verb {
	return Verb{
		Name:    "parallel",
		Usage:   []string{parallelUsage},
		Doc:     "Runs the indented steps at the same time: connect, send, request, close, reload and advance, each by a tunnel or a client of its own. It ends when all of them have.",
		Example: "parallel\n  request POST https://alpha.invalid/v1/messages as c1\n  request POST https://alpha.invalid/v1/messages as c2\n  reload",
		Parse:   parseParallel,
	}
}

func parseParallel(l *Line) Op {
	l.done(parallelUsage)
	var op ParallelOp
	block := l.takeBlock()
	if len(block) == 0 {
		l.missing("no steps: write them below it, indented, one per line")
	}
	op.Notes = notesOf(block)
	for _, b := range block {
		inner := l.parser.line(b.number, b.indent, b.text)
		one := l.parser.op(inner)
		if _, ok := one.(concurrent); one != nil && !ok {
			inner.mistakef(inner.words[0].Column, "%s cannot run in parallel: give it a step of its own", inner.words[0].raw)
			one = nil
		}
		l.inner = append(l.inner, inner)
		op.Ops = append(op.Ops, one)
	}
	return op
}

// String implements Op.
func (op ParallelOp) String() string { return parallelUsage }

// Block implements Op.
func (op ParallelOp) Block() []string {
	var lines []string
	for _, o := range op.Ops {
		lines = append(lines, o.String())
	}
	return interleave(lines, op.Notes)
}

// Run implements Op.
func (op ParallelOp) Run(ctx context.Context, w World) error { return w.Parallel(ctx, op.Ops) }

// Check implements Op. A tunnel that one of the ops opens or closes is open, or not, from the next step on.
func (op ParallelOp) Check(s *Scope) {
	outer := s.line
	defer func() { s.line = outer }()
	busy := map[string]int{}
	for i, one := range op.Ops {
		s.line = outer.inner[i]
		if one == nil {
			s.doubt(s.line)
			continue
		}
		one.Check(s)
		who := one.(concurrent).actor()
		if line, ok := busy[who]; ok && who != "" {
			s.mistakef(who, "%s is busy with line %d at the same time: %s", who, line, remedy(one))
		}
		busy[who] = s.line.number
	}
}

// remedy is what to do about an op whose actor is busy.
func remedy(op Op) string {
	switch op.(type) {
	case AdvanceOp:
		return "time passes once, so keep one of them"
	case RequestOp:
		return "let somebody else send it, with \"as NAME\""
	default:
		return "use a tunnel of its own"
	}
}
