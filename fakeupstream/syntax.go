package fakeupstream

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// SyntaxError is one mistake in the text of a rule.
type SyntaxError struct {
	Offset int    // byte offset in the line, from 0; the line's length when something is missing at its end
	Msg    string // what is wrong, and what would be right
}

// Error returns the mistake with its offset.
func (e *SyntaxError) Error() string { return fmt.Sprintf("offset %d: %s", e.Offset, e.Msg) }

// SyntaxErrors are all the mistakes of one rule, by offset. There is at least one.
type SyntaxErrors []*SyntaxError

// Error returns the mistakes one after the other, with semicolons between them.
func (es SyntaxErrors) Error() string {
	texts := make([]string, len(es))
	for i, e := range es {
		texts[i] = e.Error()
	}
	return "fakeupstream: rule: " + strings.Join(texts, "; ")
}

// Unwrap lets errors.As find a single mistake.
func (es SyntaxErrors) Unwrap() []error {
	errs := make([]error, len(es))
	for i, e := range es {
		errs[i] = e
	}
	return errs
}

func (es SyntaxErrors) sorted() SyntaxErrors {
	slices.SortStableFunc(es, func(a, b *SyntaxError) int { return cmp.Compare(a.Offset, b.Offset) })
	return es
}
