package fakeupstream

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// turn is what the model says in one answer, before a vendor's shape is given to it. Streams and bodies are made
// from the same turn, so that they cannot differ.
type turn struct {
	model   string
	choices [][]block // more than one only where a vendor has choices
	finish  Finish

	in, out, cached, thought int // tokens; cached are of in, thought are of out
}

type blockKind int

const (
	blockThinking blockKind = iota + 1
	blockText
	blockTool
)

// block is one thing that is said: a thought, a text, or a tool's call with its arguments.
type block struct {
	kind  blockKind
	id    string   // letters that are the block's own, to put the vendor's prefix before
	name  string   // of the tool
	parts []string // what a stream sends at a time
}

// whole returns what the parts make together.
func (b block) whole() string { return strings.Join(b.parts, "") }

// turnOf says how the model answers a request, in as many choices as are wanted. An exchange has one turn, which is
// worked out once.
func turnOf(x *exchange, otherwise string, choices int) turn {
	if x.said == nil {
		t := newTurn(x, otherwise, choices)
		x.said = &t
	}
	return *x.said
}

func newTurn(x *exchange, otherwise string, choices int) turn {
	say := x.answer.Say
	t := turn{model: x.model(otherwise), finish: say.Finish}
	if say.Model != "" {
		t.model = say.Model
	}
	for i := range max(choices, 1) {
		t.choices = append(t.choices, x.blocks(i))
	}
	for _, b := range slices.Concat(t.choices...) {
		t.out += len(b.parts)
		switch b.kind {
		case blockThinking:
			t.thought += len(b.parts)
		case blockTool:
			if t.finish == 0 {
				t.finish = FinishTools
			}
		}
	}
	if t.finish == 0 {
		t.finish = FinishStop
	}
	t.in, t.cached = max(x.inputTokens(), say.Cached), say.Cached
	if say.Tokens != nil {
		t.in, t.out = say.Tokens.Input, say.Tokens.Output
		t.thought = min(t.thought, t.out)
	}
	return t
}

// blocks returns what choice i consists of. Every one has as many parts as the script wants content events.
func (x *exchange) blocks(i int) []block {
	say, prefix := x.answer.Say, ""
	if i > 0 {
		prefix = string(rune('a'+i%26)) + "." // so that the choices of one answer cannot be mixed up
	}
	n := 0
	if x.answer.Stream != nil {
		n = x.answer.Stream.Events
	}
	var out []block
	add := func(b block) {
		if len(b.parts) > 0 {
			b.id = x.choiceID("block", i, len(out))
			out = append(out, b)
		}
	}
	switch {
	case say.Thinking != nil:
		add(block{kind: blockThinking, parts: partsOf(*say.Thinking, n)})
	case x.asked.thinks():
		add(block{kind: blockThinking, parts: numbered("t", n)})
	}
	calls := x.calls()
	switch {
	case say.Text != nil:
		add(block{kind: blockText, parts: partsOf(*say.Text, n)})
	case len(calls) == 0:
		add(block{kind: blockText, parts: numbered(prefix, n)})
	}
	for _, c := range calls {
		add(block{kind: blockTool, name: c.name, parts: cut(arguments(c.schema), max(n, defaultEvents))})
	}
	return out
}

// calls returns the tools that the model calls.
func (x *exchange) calls() []askedTool {
	offered := x.asked.tools()
	named := func(name string) askedTool {
		if i := slices.IndexFunc(offered, func(t askedTool) bool { return t.name == name }); i >= 0 {
			return offered[i]
		}
		return askedTool{name: name}
	}
	if x.answer.Say.Tools != nil {
		var out []askedTool
		for _, name := range x.answer.Say.Tools {
			out = append(out, named(name))
		}
		return out
	}
	kind, name := x.asked.choice()
	switch {
	case x.answer.Say.Text != nil, len(offered) == 0, kind == "none", x.asked.answersTool():
		return nil
	case kind == "tool":
		return []askedTool{named(name)}
	default:
		return offered[:1]
	}
}

// partsOf cuts a text into n parts, or after each of its words when nobody says how many.
func partsOf(text string, n int) []string {
	if n == 0 {
		parts := strings.SplitAfter(text, " ")
		return slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	}
	return cut(text, n)
}

// cut cuts a text into n parts of nearly the same number of characters, or into fewer when it has fewer. What is not
// UTF-8 stays in one part with what surrounds it.
func cut(text string, n int) []string {
	total := utf8.RuneCountInString(text)
	n = min(n, total)
	var out []string
	for ; n > 0; n-- {
		end := 0
		for range total / n {
			_, size := utf8.DecodeRuneInString(text[end:])
			end += size
		}
		out = append(out, text[:end])
		text = text[end:]
		total -= total / n
	}
	return out
}

// numbered returns the text of n content events: their numbers.
func numbered(prefix string, n int) []string {
	if n == 0 {
		n = defaultEvents
	}
	out := make([]string, n)
	for i := range out {
		out[i] = prefix + delta(i+1)
	}
	return out
}
