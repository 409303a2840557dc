package fakeupstream

import (
	"fmt"
	"slices"
	"strings"
)

// Rule answers the requests of one key, or some of them, or it says what becomes of connections.
type Rule struct {
	// Key is the alias whose requests are answered, or KeyNone, KeyUnknown or KeyAny.
	Key string
	// Path is the request's path, escapes included; with a final * all that begins so. "": every path.
	Path string
	// Model is the model that the request's JSON body names. "": every one, and none.
	Model string
	// End is what happens after the last answer. EndFail, the zero value: the request is a Fault.
	End End
	// Answers are given one after the other. A single one repeats for ever unless it is counted.
	Answers []Answer
	// Connections are what becomes of connections, one after the other, before a request is read: such a rule has
	// neither a key nor answers. None: the rule answers requests.
	Connections []Connection
	// Limit decides which requests pass: such a rule has neither a key nor answers. Nil: the rule answers requests.
	Limit *Limit
}

// String returns the rule as a person would write it. For every rule that can be played, ParseRule(r.String())
// gives r again; where a body has a file's name, without the bytes that Resolve took from it.
func (r Rule) String() string {
	if r.Connections != nil {
		return connectionHead + " " + connectionsText(r.Connections)
	}
	if r.Limit != nil {
		return r.Limit.String()
	}
	return r.head() + ": " + r.answersText()
}

func (r Rule) answersText() string {
	answers := make([]string, len(r.Answers))
	for i, a := range r.Answers {
		answers[i] = a.String()
	}
	return strings.Join(answers, ", then ")
}

// String returns the answer as a rule writes it: "429 retry-after=5".
func (a Answer) String() string {
	parts := []string{fmt.Sprint(a.Status)}
	if a.Limit != nil {
		parts[0] = a.Limit.String()
	}
	for _, w := range words() {
		if w.print != nil {
			parts = append(parts, w.print(a)...)
		}
	}
	return strings.Join(parts, " ")
}

// Resolve returns a copy of the rule in which every body=@name has its bytes, asked of read once per mention.
// The names stay, so that the rule still prints as it was written. The error wraps read's and has the name in it.
func (r Rule) Resolve(read func(name string) ([]byte, error)) (Rule, error) {
	r.Answers = slices.Clone(r.Answers)
	for i := range r.Answers {
		a := &r.Answers[i]
		if a.BodyFile == "" {
			continue
		}
		body, err := read(a.BodyFile)
		if err != nil {
			return Rule{}, fmt.Errorf("fakeupstream: body=@%s: %w", a.BodyFile, err)
		}
		a.Body = append([]byte{}, body...) // never nil, which would mean the vendor's usual body
	}
	return r, nil
}
