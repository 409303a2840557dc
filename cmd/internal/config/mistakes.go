package config

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// ErrInvalid is wrapped by Error.
var ErrInvalid = errors.New("config: invalid configuration")

// Mistake is one thing that is wrong with a file.
type Mistake struct {
	// Line and Column are where it stands, from 1; 0 when it concerns the file as a whole.
	Line, Column int
	// Origin is the flag or the variable that said it, "" for the file.
	Origin string
	// Path is the setting, "providers[1].keys[0]"; "" for the whole file.
	Path string
	// Text says what is wrong. It holds no secret.
	Text string
	// Row is true for what is wrong with one provider only: a gateway runs without it.
	Row bool
}

// Error is every mistake of a file, in its order.
type Error struct {
	File     string
	Mistakes []Mistake
}

// Error lists the mistakes, a line each: FILE:LINE:COLUMN: PATH: TEXT.
func (e *Error) Error() string {
	lines := make([]string, len(e.Mistakes))
	for i, m := range e.Mistakes {
		lines[i] = m.In(e.File)
	}
	return strings.Join(lines, "\n")
}

// Unwrap is ErrInvalid.
func (e *Error) Unwrap() error { return ErrInvalid }

// In is the mistake as a line, in the form that editors follow.
func (m Mistake) In(file string) string {
	text := m.Text
	if m.Path != "" {
		text = m.Path + ": " + text
	}
	if m.Origin != "" {
		return m.Origin + ": " + text
	}
	if m.Line > 0 {
		return fmt.Sprintf("%s:%d:%d: %s", file, m.Line, m.Column, text)
	}
	return file + ": " + text
}

// mistakes collects.
type mistakes struct{ list []Mistake }

func (m *mistakes) add(at pos, path, text string) {
	m.list = append(m.list, Mistake{Line: at.line, Column: at.column, Origin: at.origin, Path: path, Text: text})
}

// err is an Error of everything that was collected, nil when that is nothing.
func (m *mistakes) err(file string) error {
	if len(m.list) == 0 {
		return nil
	}
	return &Error{File: file, Mistakes: inOrder(m.list)}
}

func inOrder(list []Mistake) []Mistake {
	slices.SortStableFunc(list, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(list)
}

// pathText is a path as people write it: providers[1].keys[0].
func pathText(path []string) string {
	var b strings.Builder
	for _, step := range path {
		switch {
		case step != "" && strings.Trim(step, "0123456789") == "":
			// A status is a name; a place in a list is far below 100, or as good so.
			if strings.HasPrefix(b.String(), "policy") {
				b.WriteString("." + step)
				continue
			}
			b.WriteString("[" + step + "]")
		case b.Len() > 0:
			b.WriteString("." + shown(step))
		default:
			b.WriteString(shown(step))
		}
	}
	return b.String()
}

// word is what may be quoted from anywhere in a file: a key or a token that stands in
// the wrong place is longer, or has digits.
var word = regexp.MustCompile(`^[A-Za-z_-]{1,24}$`)

// shown is a name from the file as it may be shown.
func shown(name string) string {
	if word.MatchString(name) || isNumber(name) {
		return name
	}
	return "(a name that is not shown)"
}

func isNumber(s string) bool {
	return s != "" && len(s) <= 6 && strings.Trim(s, "0123456789") == ""
}
