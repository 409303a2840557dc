package drill

import "context"

// SourceOp makes the provider source fail, or heals it.
type SourceOp struct{ State SourceState }

const (
	sourceFails = "source fails TEXT"
	sourceHeals = "source heals"
)

func sourceUsages() []string { return []string{sourceFails, sourceHeals} }

func sourceVerb() Verb {
	return Verb{
		Name:  "source",
		Usage: sourceUsages(),
		Doc: "Makes the provider source fail with an error of that text, until it heals. The rows stay as they are, and can be edited meanwhile; " +
			"the gateway notices at its next reload.",
		Example: "source fails \"database is down\"\nreload\nsource heals",
		Parse:   parseSource,
	}
}

func parseSource(l *Line) Op {
	w, ok := l.take()
	switch {
	case !ok:
		l.missing("what the source does is missing: write %s", either(quoteAll(sourceUsages())))
		return nil
	case w.is("heals"):
		l.done(sourceHeals)
		return SourceOp{}
	case w.is("fails"):
		var op SourceOp
		if text, ok := l.need("TEXT", `source fails "database is down"`); ok {
			if op.State.Fail = text.whole(); op.State.Fail == "" {
				l.mistakef(text.Column, "the error has no text: write one such as \"database is down\"")
			}
		}
		l.done(`source fails "all of the text in quotes"`)
		return op
	}
	l.mistakef(w.Column, "unknown word %q: %s", w.raw,
		meant(w.raw, []string{"fails", "heals"}, "write %s", either(quoteAll(sourceUsages()))))
	return nil
}

// String implements Op.
func (op SourceOp) String() string {
	if op.State.Fail == "" {
		return sourceHeals
	}
	return "source fails " + quote(op.State.Fail)
}

// Block implements Op.
func (op SourceOp) Block() []string { return nil }

// Run implements Op.
func (op SourceOp) Run(ctx context.Context, w World) error { return w.Source(ctx, op.State) }

// Check implements Op.
func (op SourceOp) Check(*Scope) {}
