package shrink

import (
	"errors"
	"slices"
	"strings"

	"github.com/gatedrill/gatedrill/sim/drill"
)

// text is a drill as paragraphs: the step's line first, and then its block.
type text [][]string

func textOf(d *drill.Drill) text {
	var t text
	for _, s := range d.Steps {
		t = append(t, append([]string{s.Op.String()}, s.Op.Block()...))
	}
	return t
}

// String is the text as a file has it.
func (t text) String() string {
	var b strings.Builder
	for _, lines := range t {
		for i, line := range lines {
			if i > 0 {
				b.WriteString("  ")
			}
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// without leaves out paragraphs from to to, without the latter.
func (t text) without(from, to int) text {
	return slices.Concat(t[:from], t[to:])
}

// withLine has another line in place of one; "": none, and for a step's own line
// no step.
func (t text) withLine(i, j int, line string) text {
	switch {
	case line == "" && j == 0:
		return t.without(i, i+1)
	case line == "":
		return t.with(i, slices.Delete(slices.Clone(t[i]), j, j+1))
	}
	lines := slices.Clone(t[i])
	lines[j] = line
	return t.with(i, lines)
}

func (t text) with(i int, lines []string) text {
	t = slices.Clone(t)
	t[i] = lines
	return t
}

// at is the paragraph and the line in it that a line of the file is in.
func (t text) at(number int) (i, j int, ok bool) {
	for i, lines := range t {
		if number <= len(lines) {
			return i, number - 1, number > 0
		}
		number -= len(lines)
	}
	return 0, 0, false
}

// mend leaves out what keeps a text from being a drill: the lines of its mistakes,
// as often as that brings new ones to light.
func (s *shrinker) mend(t text) (*drill.Drill, text, bool) {
	for range 8 {
		d, err := s.read(t)
		if err == nil {
			return d, t, true
		}
		var mistakes drill.Mistakes
		if !errors.As(err, &mistakes) {
			return nil, t, false
		}
		// From the last to the first, so that the numbers of those before stay.
		last := -1
		for k := len(mistakes) - 1; k >= 0; k-- {
			line := mistakes[k].Pos.Line
			i, j, ok := t.at(line)
			if !ok {
				return nil, t, false
			}
			if line == last {
				continue
			}
			last = line
			t = t.withLine(i, j, "")
		}
		if len(t) == 0 {
			return nil, t, false
		}
	}
	return nil, t, false
}
