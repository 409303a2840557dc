package fakeupstream

import (
	"fmt"
	"net/http"
	"slices"
)

// Say is what the model says in an answer, and how the vendor counts it. The zero value leaves everything to the
// request:
//
//   - Asked for thinking (Anthropic's thinking, OpenAI's reasoning_effort and reasoning.effort), it thinks first.
//   - Offered tools, it calls the first one, or the one that tool_choice names, with arguments that fit its schema;
//     but not when tool_choice is none, and not when the request's last message is what a tool said.
//   - Otherwise it says "1 2 3 ", so that a lost, doubled or swapped event shows.
type Say struct {
	// Text is what is said. Nil: the numbers, or nothing beside a tool call.
	Text *string
	// Thinking is what is thought before. Nil: as the request asks; empty: nothing.
	Thinking *string
	// Tools are the names of the tools that are called, in order, whether the request offers them or not. Nil: as the
	// request asks; empty: none.
	Tools []string
	// Model is the model that the answer names. "": the request's.
	Model string
	// Tokens are the numbers in usage. Nil: input by the length of what was asked, output one for each content event.
	Tokens *Tokens
	// Cached is how many of the input tokens were read from the vendor's cache. 0: none.
	Cached int
	// Finish is why the model stopped. 0: it was at its end, or wants its tools.
	Finish Finish
}

// Tokens are an answer's numbers of tokens. Input includes what was read from a cache, and Output what was thought,
// whatever the vendor calls them.
type Tokens struct{ Input, Output int }

// Finish is why a model stopped.
type Finish int

const (
	FinishStop   Finish = iota + 1 // it was at its end
	FinishLength                   // max_tokens was reached
	FinishTools                    // it waits for what its tools say
	FinishFilter                   // a filter of content stopped it
	FinishFailed                   // the answer failed; only OpenAI's Responses API can say so inside an answer
)

// String returns the reason as a rule has it.
func (f Finish) String() string {
	if f < FinishStop || f > FinishFailed {
		return ""
	}
	return [...]string{"stop", "length", "tools", "filter", "failed"}[f-1]
}

// words are the words of the rule language that would say this.
func (s Say) words() []string {
	var out []string
	add := func(has bool, word string) {
		if has {
			out = append(out, word)
		}
	}
	add(s.Text != nil, "text")
	add(s.Thinking != nil, "thinking")
	add(s.Tools != nil, "tools")
	add(s.Model != "", "model")
	add(s.Tokens != nil, "tokens")
	add(s.Cached != 0, "cached")
	add(s.Finish != 0, "finish")
	return out
}

// mistakes returns what cannot be meant about what is said.
func (s Say) mistakes(status int, hasBody bool) []mistake {
	var out []mistake
	for _, word := range s.words() {
		switch {
		case hasBody:
			out = append(out, mistake{word, 0, fmt.Sprintf("%s= beside body=: the body is sent as it is, so leave one away", word)})
		case status != http.StatusOK:
			out = append(out, mistake{word, 0, fmt.Sprintf("%s= on a %d: a model speaks in a 200 only", word, status)})
		}
	}
	switch {
	case s.Tokens != nil && (s.Tokens.Input < 0 || s.Tokens.Output < 0):
		out = append(out, mistake{"tokens", 0, fmt.Sprintf("tokens=%s: want 0 or more of each", s.Tokens)})
	case s.Cached < 0 || s.Tokens != nil && s.Cached > s.Tokens.Input:
		out = append(out, mistake{"cached", 0, fmt.Sprintf("cached=%d: want 1 or more, and no more than the input tokens", s.Cached)})
	case s.Finish < 0 || s.Finish > FinishFailed:
		out = append(out, mistake{"finish", 0, fmt.Sprintf("unknown reason %d: want FinishStop to FinishFailed", s.Finish)})
	case slices.ContainsFunc(s.Tools, func(name string) bool { return !isToolName(name) }):
		out = append(out, mistake{"tools", 0, fmt.Sprintf("%q: want names of letters, digits, hyphens and underscores", s.Tools)})
	}
	return out
}

// isToolName tells whether the vendors take s as a function's name.
func isToolName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return s != ""
}

// String returns the numbers as a rule has them: "100/20".
func (t Tokens) String() string { return fmt.Sprintf("%d/%d", t.Input, t.Output) }
