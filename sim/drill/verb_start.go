package drill

import (
	"context"
	"slices"
)

// StartOp begins a step that goes on while others run.
type StartOp struct {
	Name string // by which it is awaited or cancelled
	Op   Op     // connect, send, request or reload
}

const startUsage = "start NAME STEP …"

// startable are the verbs whose steps may take their time. An advance moves everybody's clock, and a close ends at once.
func startable() []string { return []string{"connect", "send", "request", "reload"} }

func startVerb() Verb {
	return Verb{
		Name:  "start",
		Usage: []string{startUsage},
		Doc: "Begins a step, one of connect, send, request and reload, that goes on while the steps below run, and calls it NAME. What is seen of it stands under the step " +
			"during which it was seen. A request that is still open says at the end of each step how far it has come, in events of content or in bytes, where it has come further. " +
			"It must be awaited or cancelled; until then its tunnel or client is busy.",
		Example: "connect t1 alpha.invalid:443\n" +
			"start s1 send t1 POST /v1/messages\n  => t1 has 200 and 1 event so far\n" +
			"reload\nawait s1",
		Parse: parseStart,
	}
}

func parseStart(l *Line) Op {
	name, ok := l.need("NAME", startUsage)
	if !ok {
		return nil
	}
	op := StartOp{Name: l.actor(name, "step")}
	rest := l.words[l.next:]
	if len(rest) == 0 {
		l.missing("STEP is missing: write %s and one of %s behind it", quote("start "+op.Name), either(startable()))
		return nil
	}
	l.next = len(l.words)
	inner := &Line{number: l.number, indent: l.indent, text: l.text, words: rest, parser: l.parser}
	l.inner = []*Line{inner}
	if verb := rest[0].raw; isVerb(l.parser.verbs, verb) && !slices.Contains(startable(), verb) {
		inner.mistakef(rest[0].Column, "%s cannot be started: want %s", verb, either(startable()))
		return nil
	}
	if op.Op = l.parser.op(inner); op.Op == nil {
		return nil
	}
	return op
}

func isVerb(verbs []Verb, name string) bool {
	return slices.ContainsFunc(verbs, func(v Verb) bool { return v.Name == name })
}

// String implements Op.
func (op StartOp) String() string { return printed("start", op.Name, op.Op.String()).String() }

// Block implements Op.
func (op StartOp) Block() []string { return nil }

// Run implements Op.
func (op StartOp) Run(ctx context.Context, w World) error { return w.Start(ctx, op.Name, op.Op) }

// Check implements Op.
func (op StartOp) Check(s *Scope) {
	outer := s.line
	s.line = outer.inner[0]
	op.Op.Check(s)
	s.line = outer
	s.start(op)
}
