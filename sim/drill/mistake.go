package drill

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in a drill file.
type Pos struct {
	File   string
	Line   int // from 1
	Column int // from 1, in runes; a tab is one
}

// String returns file:line:column, which editors know how to open.
func (p Pos) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Mistake is one thing that is wrong in a drill file.
type Mistake struct {
	Pos Pos
	Msg string // what is wrong, and what would be right
}

// Error returns file:line:column and the message.
func (m Mistake) Error() string { return m.Pos.String() + ": " + m.Msg }

// Mistakes is everything that is wrong in a drill file, in the order of the text.
type Mistakes []Mistake

// Error returns one line for each mistake.
func (ms Mistakes) Error() string {
	lines := make([]string, len(ms))
	for i, m := range ms {
		lines[i] = m.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find a single Mistake.
func (ms Mistakes) Unwrap() []error {
	errs := make([]error, len(ms))
	for i, m := range ms {
		errs[i] = m
	}
	return errs
}

// sorted returns the mistakes in the order of the text, and of one place the ones that were found first.
func (ms Mistakes) sorted() Mistakes {
	slices.SortStableFunc(ms, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	return ms
}
