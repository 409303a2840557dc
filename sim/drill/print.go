package drill

import (
	"strings"

	"golang.org/x/tools/txtar"
)

// String returns the drill as text: what Parse reads as an equal drill. It keeps comments, blank lines and order, and
// brings words, indentation and quotes into one form.
func (d *Drill) String() string {
	var lines []string
	for _, s := range d.Steps {
		lines = append(lines, s.lines()...)
	}
	lines = append(lines, d.Tail...)
	var text []byte
	if len(lines) > 0 {
		text = []byte(strings.Join(lines, "\n") + "\n")
	}
	archive := &txtar.Archive{Comment: text}
	for _, f := range d.Files {
		archive.Files = append(archive.Files, f.member())
	}
	return string(txtar.Format(archive))
}

// lines returns everything that belongs to the step.
func (s Step) lines() []string {
	lines := append([]string{}, s.Lead...)
	lines = append(lines, s.Op.String())
	lines = appendIndented(lines, s.Op.Block())
	return appendIndented(lines, interleave(wantLines(s.Want), s.Notes))
}

func appendIndented(lines, block []string) []string {
	for _, line := range block {
		if line != "" {
			line = "  " + line
		}
		lines = append(lines, line)
	}
	return lines
}

// wantLines returns the "=>" lines for what is to be observed.
func wantLines(want []string) []string {
	if want != nil && len(want) == 0 {
		want = []string{nothing}
	}
	lines := make([]string, len(want))
	for i, text := range want {
		lines[i] = "=> " + text
	}
	return lines
}

// either joins words as prose does: a, b or c.
func either(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

func quoteAll(texts []string) []string {
	q := make([]string, len(texts))
	for i, t := range texts {
		q[i] = quote(t)
	}
	return q
}
