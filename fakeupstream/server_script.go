package fakeupstream

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// ScriptMistake is one thing that is wrong in the text of a script.
type ScriptMistake struct {
	Line   int // from 1
	Column int // from 1, in characters
	Msg    string
}

// Error returns line:column and the message.
func (m *ScriptMistake) Error() string { return fmt.Sprintf("%d:%d: %s", m.Line, m.Column, m.Msg) }

// ParseScript reads rules, one on a line. Empty lines and those that begin with # are prose. Its error joins a
// *ScriptMistake for everything that is wrong.
func ParseScript(text string) ([]Rule, error) {
	var rules []Rule
	var errs []error
	for i, line := range strings.Split(text, "\n") {
		rule := strings.TrimLeft(line, blanks)
		if rule = strings.TrimRight(rule, blanks+"\r"); rule == "" || rule[0] == '#' {
			continue
		}
		indent := utf8.RuneCountInString(line) - utf8.RuneCountInString(strings.TrimLeft(line, blanks))
		r, err := ParseRule(rule)
		rules = append(rules, r)
		var several SyntaxErrors
		errors.As(err, &several) // ParseRule has no other errors
		for _, e := range several {
			column := indent + utf8.RuneCountInString(rule[:min(e.Offset, len(rule))]) + 1
			errs = append(errs, &ScriptMistake{Line: i + 1, Column: column, Msg: e.Msg})
		}
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("fakeupstream: script:\n%w", errors.Join(errs...))
	}
	return rules, nil
}

// DefaultSecret is the secret of an alias where nobody says another: "sk-k0" for k0.
func DefaultSecret(alias string) string { return "sk-" + alias }

// Aliases returns the aliases that rules answer or limit, in order, each once; KeyAny, KeyNone and KeyUnknown are nobody's.
func Aliases(rules []Rule) []string {
	var out []string
	seen := map[string]bool{"": true, KeyAny: true, KeyNone: true, KeyUnknown: true}
	add := func(alias string) {
		if !seen[alias] {
			seen[alias] = true
			out = append(out, alias)
		}
	}
	for _, r := range rules {
		add(r.Key)
		if r.Limit != nil {
			for _, alias := range r.Limit.Keys {
				add(alias)
			}
		}
	}
	return out
}
