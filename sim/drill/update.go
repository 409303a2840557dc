package drill

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// What Update and WithWant fail with when they are given observations for another number of steps, and when one
// cannot stand behind "=>" because it is no line of text.
var (
	ErrSteps       = errors.New("drill: observations do not match the steps")
	ErrObservation = errors.New("drill: observation is not a line of text")
)

// WithWant returns the drill with other "=>" lines: wants[i] for step i. None, for a step that has some, becomes
// "=> nothing"; none for a step that has none leaves it without, and nil leaves every step as it is. Comments between
// "=>" lines keep their places where those still exist. The error is ErrSteps or ErrObservation.
func (d *Drill) WithWant(wants [][]string) (*Drill, error) {
	if err := fit(wants, len(d.Steps)); err != nil {
		return nil, err
	}
	c := *d
	c.Steps = slices.Clone(d.Steps)
	for i, want := range wants {
		s := &c.Steps[i]
		if want == nil || len(want) == 0 && s.Want == nil {
			continue
		}
		old, now := len(wantLines(s.Want)), len(wantLines(want))
		s.Want = append([]string{}, want...)
		s.Notes = slices.Clone(s.Notes)
		for j := range s.Notes {
			if n := &s.Notes[j]; n.Before > now || n.Before >= old && old > 0 {
				n.Before = now // it stood below what is gone, or below everything
			}
		}
		c.settle(i)
	}
	return &c, nil
}

// settle gives the blank lines that have come to stand below everything of a step to what follows it, where Parse
// would find them.
func (d *Drill) settle(index int) {
	s := &d.Steps[index]
	n := len(s.Notes)
	for n > 0 && s.Notes[n-1].Text == "" && s.Notes[n-1].Before >= len(wantLines(s.Want)) {
		n--
	}
	blank := make([]string, len(s.Notes)-n)
	s.Notes = s.Notes[:n:n]
	if n == 0 {
		s.Notes = nil
	}
	if len(blank) == 0 {
		return
	}
	if index+1 < len(d.Steps) {
		next := &d.Steps[index+1]
		next.Lead = append(blank, next.Lead...)
	} else {
		d.Tail = append(blank, d.Tail...)
	}
}

// Update returns src, the text of a drill file, with other "=>" lines: wants[i] for step i, as in WithWant. Every other
// byte stays as it is, so that a person's layout survives. The error is one of WithWant's, or what Parse has to say of src.
func Update(file string, src []byte, wants [][]string) ([]byte, error) {
	_, paragraphs, err := parse(file, src)
	if err != nil {
		return nil, err
	}
	if err := fit(wants, len(paragraphs)); err != nil {
		return nil, err
	}
	var out strings.Builder
	text := &rewriter{lines: strings.SplitAfter(string(src), "\n"), out: &out}
	for i, para := range paragraphs {
		if len(wants[i]) > 0 || wants[i] != nil && para.want != nil {
			text.rewrite(para, wantLines(wants[i]))
		}
	}
	text.copyTo(len(text.lines))
	return []byte(out.String()), nil
}

// fit reports whether there are observations for so many steps, each of which can be written and read again.
func fit(wants [][]string, steps int) error {
	if len(wants) != steps {
		return fmt.Errorf("%w: %d for %d steps", ErrSteps, len(wants), steps)
	}
	for i, want := range wants {
		for _, text := range want {
			p := &parser{}
			if text == "" || text == nothing || strings.Trim(text, " \t") != text || p.characters(0, text) {
				return fmt.Errorf("%w: %q of step %d", ErrObservation, text, i+1)
			}
		}
	}
	return nil
}

// rewriter copies lines, and leaves some out for others.
type rewriter struct {
	lines []string // with their ends
	next  int      // index of the first that is not copied yet
	out   *strings.Builder
}

// copyTo copies the lines up to the one of this index.
func (r *rewriter) copyTo(index int) {
	for ; r.next < index; r.next++ {
		r.out.WriteString(r.lines[r.next])
	}
}

// rewrite puts want where the "=>" lines of a step are; what there is more of goes below the last of them, or, where
// there was none, below the step.
func (r *rewriter) rewrite(para *paragraph, want []string) {
	indent, end := r.style(para)
	put := func(line string) { r.out.WriteString(indent + line + end) }
	for i, old := range para.want {
		r.copyTo(old.number - 1)
		if i < len(want) {
			if strings.TrimRight(r.lines[r.next], "\r\n") == indent+want[i] {
				r.copyTo(r.next + 1)
			} else {
				r.next++
				put(want[i])
			}
		} else {
			r.next++
		}
	}
	if len(para.want) == 0 {
		r.copyTo(para.last)
		r.endLine(end)
	}
	for i := len(para.want); i < len(want); i++ {
		r.endLine(end)
		put(want[i])
	}
}

// endLine ends the line that was written last, where it is the file's last and has no end.
func (r *rewriter) endLine(end string) {
	if text := r.out.String(); text != "" && !strings.HasSuffix(text, "\n") {
		r.out.WriteString(end)
	}
}

// style returns how a step's indented lines begin, and how its lines end.
func (r *rewriter) style(para *paragraph) (indent, end string) {
	indent, end = "  ", "\n"
	if strings.HasSuffix(r.lines[para.number-1], "\r\n") {
		end = "\r\n"
	}
	like := 0
	switch {
	case len(para.want) > 0:
		like = para.want[0].number
	case len(para.block) > 0:
		like = para.block[0].number
	default:
		return indent, end
	}
	line := r.lines[like-1]
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))], end
}
