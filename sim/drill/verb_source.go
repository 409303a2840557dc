package drill

import "context"

// SourceOp makes the provider source fail, stall or take its time, or heals it.
type SourceOp struct{ State SourceState }

const (
	sourceFails  = "source fails TEXT"
	sourceStalls = "source stalls"
	sourceSlow   = "source slow DURATION"
	sourceHeals  = "source heals"
)

func sourceUsages() []string { return []string{sourceFails, sourceStalls, sourceSlow, sourceHeals} }

func sourceVerb() Verb {
	return Verb{
		Name:  "source",
		Usage: sourceUsages(),
		Doc: "Makes the provider source fail with an error of that text, answer nobody, or take that long to answer, until it heals. The rows stay as they are, " +
			"and can be edited meanwhile; the gateway notices at its next reload. A late answer has the rows of the moment at which it was asked for; " +
			"whoever waits for a source that stalls gets one when it heals.",
		Example: "source fails \"database is down\"\nreload\nsource stalls\nstart r1 reload\nsource heals\nawait r1",
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
	case w.is("stalls"):
		l.done(sourceStalls)
		return SourceOp{SourceState{Stall: true}}
	case w.is("slow"):
		return parseSlowSource(l)
	case w.is("fails"):
		return parseFailingSource(l)
	}
	l.mistakef(w.Column, "unknown word %q: %s", w.raw,
		meant(w.raw, []string{"fails", "stalls", "slow", "heals"}, "write %s", either(quoteAll(sourceUsages()))))
	return nil
}

func parseFailingSource(l *Line) Op {
	var op SourceOp
	if text, ok := l.need("TEXT", `source fails "database is down"`); ok {
		if op.State.Fail = text.whole(); op.State.Fail == "" {
			l.mistakef(text.Column, "the error has no text: write one such as \"database is down\"")
		}
	}
	l.done(`source fails "all of the text in quotes"`)
	return op
}

func parseSlowSource(l *Line) Op {
	var op SourceOp
	if w, ok := l.need("DURATION", sourceSlow); ok {
		by, err := parseDuration(w.whole())
		if err != nil {
			l.mistakef(w.Column, "%v", err)
		}
		op.State.Slow = by
	}
	l.done(sourceSlow)
	return op
}

// String implements Op.
func (op SourceOp) String() string {
	switch {
	case op.State.Fail != "":
		return "source fails " + quote(op.State.Fail)
	case op.State.Stall:
		return sourceStalls
	case op.State.Slow > 0:
		return "source slow " + formatDuration(op.State.Slow)
	}
	return sourceHeals
}

// Block implements Op.
func (op SourceOp) Block() []string { return nil }

// Run implements Op.
func (op SourceOp) Run(ctx context.Context, w World) error { return w.Source(ctx, op.State) }

// Check implements Op.
func (op SourceOp) Check(*Scope) {}
