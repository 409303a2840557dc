package drill

import "strings"

// Line is one step's line on its way to an Op, with its block. A verb takes the words one after the other and
// reports what is wrong with them; it never stops at the first mistake.
type Line struct {
	number int
	indent int // runes before the text, which is where columns begin
	text   string
	words  []Word
	next   int         // index of the first word that is not taken yet
	block  []blockLine // the indented lines
	taken  bool        // a verb has read the block
	inner  []*Line     // the lines of steps in the block, set by the verb that has such
	broken bool        // words are missing, which a mistake says already
	parser *parser
}

// blockLine is one indented line of a step.
type blockLine struct {
	number int
	indent int
	text   string
	notes  []string // comments and blank lines above it
}

// columnOf returns the column where text first stands in the line, or the line's first.
func (b blockLine) columnOf(text string) int {
	return b.indent + runes(b.text[:max(strings.Index(b.text, text), 0)]) + 1
}

// mistakef reports a mistake at a column of the line.
func (l *Line) mistakef(column int, format string, args ...any) {
	l.parser.mistakef(l.number, column, format, args...)
}

// end is the column behind the last word, where something is missing.
func (l *Line) end() int { return l.indent + runes(l.text) + 1 }

// take returns the next word. False: there is none.
func (l *Line) take() (Word, bool) {
	if l.next >= len(l.words) {
		return Word{}, false
	}
	l.next++
	return l.words[l.next-1], true
}

// need returns the next word, and reports that what is missing when there is none.
func (l *Line) need(what, usage string) (Word, bool) {
	w, ok := l.take()
	if !ok {
		l.missing("%s is missing: write %s", what, quote(usage))
	}
	return w, ok
}

// missing reports that the line ends too early.
func (l *Line) missing(format string, args ...any) {
	if !l.broken {
		l.mistakef(l.end(), format, args...)
	}
	l.broken = true
}

// takeIf takes the next word when it is this bare one.
func (l *Line) takeIf(text string) bool {
	if l.next < len(l.words) && l.words[l.next].is(text) {
		l.next++
		return true
	}
	return false
}

// done reports the words that nobody took.
func (l *Line) done(usage string, alternatives ...string) {
	for {
		w, ok := l.take()
		if !ok {
			return
		}
		l.mistakef(w.Column, "unknown word %q: %s", w.raw, meant(w.raw, alternatives, "write %s", quote(usage)))
	}
}

// takeBlock returns the indented lines, for a verb that has some.
func (l *Line) takeBlock() []blockLine {
	l.taken = true
	return l.block
}

// rejectBlock reports the indented lines of a step that has none.
func (l *Line) rejectBlock() {
	if l.taken {
		return
	}
	for _, b := range l.block {
		l.parser.mistakef(b.number, b.indent+1,
			"%s takes no indented lines: write a step at the margin, and \"=>\" before what is to be observed", l.words[0].raw)
	}
}

// notesOf collects the notes of a block, by the index of the line that they stand above.
func notesOf(block []blockLine) []Note {
	var notes []Note
	for i, b := range block {
		for _, text := range b.notes {
			notes = append(notes, Note{Before: i, Text: text})
		}
	}
	return notes
}

// interleave puts notes between lines.
func interleave(lines []string, notes []Note) []string {
	if len(notes) == 0 {
		return lines
	}
	var out []string
	for i := 0; i <= len(lines); i++ {
		for _, n := range notes {
			if n.Before == i || i == len(lines) && n.Before > i {
				out = append(out, n.Text)
			}
		}
		if i < len(lines) {
			out = append(out, lines[i])
		}
	}
	return out
}

// printer joins the words of a line.
type printer struct{ strings.Builder }

func printed(words ...string) *printer {
	p := &printer{}
	for _, w := range words {
		p.add(w)
	}
	return p
}

// add appends words, each after a space.
func (p *printer) add(words ...string) *printer {
	for _, w := range words {
		if p.Len() > 0 {
			p.WriteByte(' ')
		}
		p.WriteString(w)
	}
	return p
}
