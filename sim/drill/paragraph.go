package drill

import (
	"strings"
	"unicode/utf8"
)

// paragraphs groups lines by the step that they belong to, and returns what stands below the last one. A line at the
// margin begins a step; comments and blank lines belong to what follows them, unless the comment is indented.
func (p *parser) paragraphs(lines []string) (all []*paragraph, tail []string) {
	g := &grouping{parser: p}
	for i, line := range lines {
		g.add(i+1, line)
	}
	g.close()
	return g.all, g.pending
}

type grouping struct {
	parser  *parser
	all     []*paragraph
	now     *paragraph // the last of all
	held    []string   // notes that belong to now, and to the line of it that follows
	pending []string   // notes that belong to whatever follows
}

func (g *grouping) add(number int, line string) {
	line = strings.TrimRight(line, " \t\r")
	text := strings.TrimLeft(line, " \t")
	indent := len(line) - len(text)
	bad := g.parser.characters(number, line)
	switch {
	case text == "":
		g.pending = append(g.pending, "")
	case text[0] == '#' && indent > 0 && g.now != nil:
		g.held = append(append(g.held, g.pending...), text)
		g.pending, g.now.last = nil, number
	case text[0] == '#':
		g.pending = append(g.pending, text)
	case strings.HasPrefix(text, "=>"):
		g.want(number, indent, text)
	case indent > 0 && bad:
		g.take() // said already
	case indent > 0:
		g.block(number, indent, text)
	default:
		g.close()
		g.now = &paragraph{number: number, text: text, bad: bad, lead: g.pending, last: number}
		g.all, g.pending = append(g.all, g.now), nil
	}
}

// take returns the notes above a line that belongs to now.
func (g *grouping) take() []string {
	notes := append(g.held, g.pending...)
	g.held, g.pending = nil, nil
	return notes
}

func (g *grouping) want(number, indent int, line string) {
	text := strings.TrimLeft(line[len("=>"):], " \t")
	if g.now == nil {
		g.parser.mistakef(number, indent+1, "\"=>\" without a step above it: write it below the step that it was observed of")
		return
	}
	if text == "" {
		g.parser.mistakef(number, indent+1, "\"=>\" without text: write what is to be observed, or \"=> %s\"", nothing)
	}
	if len(g.now.want) > 0 && (text == nothing || g.now.want[0].text == nothing) {
		g.parser.mistakef(number, indent+1, "\"=> %s\" and another \"=>\" of the same step: keep one or the other", nothing)
	}
	g.note(g.take())
	g.now.want = append(g.now.want, wantLine{number, text})
	g.now.last = number
}

func (g *grouping) block(number, indent int, text string) {
	notes := g.take()
	switch {
	case g.now == nil:
		g.parser.mistakef(number, indent+1, "an indented line without a step above it: begin steps at the margin")
	case len(g.now.want) > 0:
		g.parser.mistakef(number, indent+1, "an indented line below \"=>\": move it up to its step, above what was observed")
	default:
		g.now.block = append(g.now.block, blockLine{number, indent, text, notes})
		g.now.last = number
	}
}

// note puts notes where the next "=>" of now would be.
func (g *grouping) note(texts []string) {
	for _, text := range texts {
		g.now.notes = append(g.now.notes, Note{Before: len(g.now.want), Text: text})
	}
}

// close gives the notes that are held to now.
func (g *grouping) close() {
	if g.now != nil {
		g.note(g.held)
		g.held = nil
	}
}

// characters reports whether the line has what no line may have, and says so. One mistake a line is enough.
func (p *parser) characters(number int, line string) (bad bool) {
	column := 0
	for i, r := range line {
		column++
		_, size := utf8.DecodeRuneInString(line[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			p.mistakef(number, column, "byte %#x is not UTF-8: put bytes that are not text into a file at the end, as base64", line[i])
			return true
		case r < ' ' && r != '\t' || r == 0x7f:
			p.mistakef(number, column, "control character %U: quote the text and write it as in Go, %q", r, string(r))
			return true
		}
	}
	return false
}

// splitLines cuts text into lines without their ends.
func splitLines(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}
