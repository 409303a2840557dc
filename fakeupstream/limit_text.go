package fakeupstream

import (
	"fmt"
	"slices"
	"strings"
)

// String returns the limit as a rule writes it: "limit org=acme keys=k0,k1 rpm=60".
func (l *Limit) String() string {
	parts := []string{l.Kind.String()}
	if l.Kind == LimitWindow {
		parts = append(parts, fmt.Sprint(l.Status))
	}
	for _, w := range limitWords() {
		if text := w.text(l); text != "" {
			parts = append(parts, w.name+"="+text)
		}
	}
	return strings.Join(parts, " ")
}

// Aliases are the keys that the rule names, in order: whose secrets the upstream has to know.
func (r Rule) Aliases() []string {
	names := []string{r.Key}
	if r.Limit != nil {
		names = slices.Clone(r.Limit.Keys)
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return name == "" || name == KeyNone || name == KeyAny || name == KeyUnknown
	})
}

// clone returns a copy that shares nothing.
func (l *Limit) clone() Limit {
	out := *l
	out.Keys = slices.Clone(l.Keys)
	return out
}

// limitKindOf tells which kind of limit a word begins; 0: none.
func limitKindOf(word string) LimitKind {
	for k := LimitRate; k <= LimitRevoked; k++ {
		if word == k.String() {
			return k
		}
	}
	return 0
}

// limitHead returns the kind of limit that the line is, and the offset behind its first word; 0: it is none.
func (p *parser) limitHead() (LimitKind, int) {
	off := len(p.line) - len(strings.TrimLeft(p.line, blanks))
	end := p.nextBlank(off)
	return limitKindOf(p.line[off:end]), end
}

// limit reads a line that is a limit, from offset off on.
func (p *parser) limit(kind LimitKind, off int) *Limit {
	l := &Limit{Kind: kind}
	before, seen := len(p.errs), map[string]int{}
	tokens := p.tokenize(off)
	if kind == LimitWindow {
		if len(tokens) == 0 || !isStatus(tokens[0]) {
			p.errorf(off, "a window without a status: want one such as %q", "window 529 from=10s to=20s")
		} else {
			_, _ = fmt.Sscan(tokens[0].name, &l.Status) // three digits
			tokens = tokens[1:]
		}
	}
	for _, t := range tokens {
		p.limitOption(l, t, seen, false)
		if t.comma {
			p.errorf(t.off, "a comma after %s: a limit is one line, so write another one for what follows", t.name)
		}
	}
	if len(p.errs) == before {
		for _, m := range l.mistakes(false) {
			p.errorf(offsetOf(seen, m.word, off), "%s", m.msg)
		}
		if kind == LimitRevoked && seen["at"] == 0 {
			p.errorf(len(p.line), "at= is missing: want %q", "revoked keys=k0 at=30s")
		}
	}
	return l
}

// offsetOf is where a word stands, or else the fallback.
func offsetOf(seen map[string]int, word string, otherwise int) int {
	if off, ok := seen[word]; ok {
		return off
	}
	return otherwise
}

// limitOption reads one name=value into the limit.
func (p *parser) limitOption(l *Limit, t token, seen map[string]int, answer bool) {
	w, err := limitWordNamed(t.name, l.Kind, answer)
	switch {
	case err != nil:
		p.errorf(t.off, "%v", err)
		return
	case !t.hasValue:
		p.errorf(t.off, "%s has no value: want %s", t.name, w.want)
		return
	}
	if _, again := seen[t.name]; again {
		p.errorf(t.off, "%s is given twice: want it once", t.name)
		return
	}
	seen[t.name] = t.off
	if err := w.read(l, value{t.value, t.quoted}); err != nil {
		p.errorf(t.valueOff, "%v", err)
	}
}

// limitAnswer reads the options of an answer that is a limit, and returns the tokens that are the answer's own.
func (p *parser) limitAnswer(tokens []token) (l *Limit, rest []token) {
	l = &Limit{Kind: LimitRate}
	seen := map[string]int{}
	for _, t := range tokens[1:] {
		if _, err := limitWordNamed(t.name, LimitRate, true); err != nil && (wordNamed(t.name) != nil || isStatus(t) || t.name == "") {
			rest = append(rest, t)
			continue
		}
		p.limitOption(l, t, seen, true)
	}
	return l, rest
}
