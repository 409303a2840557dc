package drill

import (
	"context"
	"slices"
	"strings"
)

// ExpectOp observes a fact that no client sees.
type ExpectOp struct{ Expectation Expectation }

const (
	expectMetric      = "expect metric NAME [LABEL=VALUE …]"
	expectKeys        = "expect keys PROVIDER"
	expectSnapshot    = "expect snapshot"
	expectConnections = "expect connections HOST"
)

func expectUsages() []string {
	return []string{expectMetric, expectKeys, expectSnapshot, expectConnections}
}

func expectVerb() Verb {
	return Verb{
		Name:  "expect",
		Usage: expectUsages(),
		Doc: "Observes what no client sees: a metric's value, of all series or of those with these labels; the state of every key of a provider; " +
			"the providers that the gateway routes; or the connections that it has opened to an upstream. What it should be stands below it, behind \"=>\".",
		Example: "expect metric gatedrill_connect_sessions_total type=mitm\n  => gatedrill_connect_sessions_total type=mitm 1\nexpect snapshot",
		Parse:   parseExpect,
	}
}

func parseExpect(l *Line) Op {
	w, ok := l.take()
	switch {
	case !ok:
		l.missing("what to expect is missing: write %s", either(quoteAll(expectUsages())))
	case w.is("metric"):
		return parseExpectMetric(l)
	case w.is("keys"):
		op := ExpectOp{Expectation{Kind: ExpectKeys}}
		if name, ok := l.need("PROVIDER", expectKeys); ok {
			op.Expectation.Provider = l.providerName(name)
		}
		l.done(expectKeys)
		return op
	case w.is("snapshot"):
		l.done(expectSnapshot)
		return ExpectOp{Expectation{Kind: ExpectSnapshot}}
	case w.is("connections"):
		op := ExpectOp{Expectation{Kind: ExpectConnections}}
		if host, ok := l.need("HOST", expectConnections); ok {
			if op.Expectation.Host = host.whole(); upstreamError(op.Expectation.Host) != nil {
				l.mistakef(host.Column, "%v", upstreamError(op.Expectation.Host))
			}
		}
		l.done(expectConnections)
		return op
	default:
		l.mistakef(w.Column, "cannot expect %q: %s", w.raw,
			meant(w.raw, []string{"metric", "keys", "snapshot", "connections"}, "write %s", either(quoteAll(expectUsages()))))
	}
	return nil
}

func parseExpectMetric(l *Line) Op {
	e := Expectation{Kind: ExpectMetric}
	if name, ok := l.need("NAME", expectMetric); ok {
		if e.Metric = name.whole(); !isMetric(e.Metric) {
			l.mistakef(name.Column, "metric %q: want a name of letters, digits, _ and :", e.Metric)
		}
	}
	for {
		w, ok := l.take()
		if !ok {
			return ExpectOp{e}
		}
		switch {
		case w.Name == "" || !isMetric(w.Name):
			l.mistakef(w.Column, "label %q: want LABEL=VALUE", w.raw)
		case slices.ContainsFunc(e.Labels, func(have Label) bool { return have.Name == w.Name }):
			l.mistakef(w.Column, "label %s is written twice: keep one", w.Name)
		default:
			e.Labels = append(e.Labels, Label{w.Name, w.Text})
		}
	}
}

// isMetric reports whether text may name a metric, or, where it has no colon, a label.
func isMetric(text string) bool {
	return text != "" && !isDigit(text[0]) && strings.IndexFunc(text, func(r rune) bool {
		return r > 'z' || r != '_' && r != ':' && !isLetter(byte(r)) && !isDigit(byte(r))
	}) < 0
}

// String implements Op.
func (op ExpectOp) String() string {
	e := op.Expectation
	switch e.Kind {
	case ExpectMetric:
		p := printed("expect metric", e.Metric)
		for _, label := range e.Labels {
			p.add(label.Name + "=" + bareValue(label.Value))
		}
		return p.String()
	case ExpectKeys:
		return "expect keys " + writeProviderName(e.Provider)
	case ExpectConnections:
		return "expect connections " + e.Host
	default:
		return expectSnapshot
	}
}

// Block implements Op.
func (op ExpectOp) Block() []string { return nil }

// Run implements Op.
func (op ExpectOp) Run(ctx context.Context, w World) error { return w.Expect(ctx, op.Expectation) }

// Check implements Op.
func (op ExpectOp) Check(s *Scope) {
	s.act()
	if op.Expectation.Kind == ExpectConnections {
		s.seek(op.Expectation.Host, op.Expectation.Host)
	}
	name := op.Expectation.Provider
	if op.Expectation.Kind == ExpectKeys && name != "" && !slices.Contains(s.providers, name) && !s.doubtful[name] {
		s.unknownProvider(name, name)
	}
}
