package drill

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"golang.org/x/tools/txtar"
)

type parser struct {
	file     string
	verbs    []Verb
	mistakes Mistakes
}

func (p *parser) mistakef(line, column int, format string, args ...any) {
	p.mistakes = append(p.mistakes, Mistake{Pos: Pos{File: p.file, Line: line, Column: column}, Msg: fmt.Sprintf(format, args...)})
}

// parse returns the drill and the paragraphs that its steps were read from.
func parse(file string, src []byte) (*Drill, []*paragraph, error) {
	p := &parser{file: file, verbs: Verbs()}
	text, files, unused := p.text(src)
	paragraphs, tail := p.paragraphs(text)
	d := &Drill{Name: baseName(file), Tail: tail, Files: files}
	scope := newScope(p, files)
	for i, para := range paragraphs {
		d.Steps = append(d.Steps, p.step(para, scope, i))
	}
	if len(d.Steps) == 0 && len(p.mistakes) == 0 {
		p.mistakef(1, 1, "no step: write at least one, such as \"reload\"")
	}
	scope.finish()
	unused(scope)
	if len(p.mistakes) > 0 {
		return nil, nil, p.mistakes.sorted()
	}
	return d, paragraphs, nil
}

// text cuts a file into its lines and the files at its end; unused reports those that nothing referred to.
func (p *parser) text(src []byte) (lines []string, files []File, unused func(*Scope)) {
	archive := txtar.Parse(bytes.TrimPrefix(src, []byte("\ufeff"))) // some editors begin a file with a mark
	lines = splitLines(archive.Comment)
	files, places := p.files(archive.Files, len(lines))
	return lines, files, func(scope *Scope) {
		for i, f := range files {
			if !scope.files[f.Name] {
				p.mistakef(places[i], memberColumn, "file %q is never used: remove it, or refer to it as @%s", f.Name, f.Name)
				scope.files[f.Name] = true
			}
		}
	}
}

// step reads one paragraph, and checks it where it stands.
func (p *parser) step(para *paragraph, scope *Scope, index int) Step {
	step := Step{Lead: para.lead, Want: para.texts(), Notes: para.notes, Pos: Pos{File: p.file, Line: para.number, Column: 1}}
	l := &Line{number: para.number, text: para.text, parser: p}
	if !para.bad {
		l = p.line(para.number, 0, para.text)
		l.block = para.block
		step.Op = p.op(l)
	}
	scope.line, scope.index = l, index
	if step.Op == nil {
		scope.doubt(l)
		return step
	}
	step.Op.Check(scope)
	return step
}

// line cuts a line into words.
func (p *parser) line(number, indent int, text string) *Line {
	l := &Line{number: number, indent: indent, text: text, parser: p}
	l.words = split(text, indent+1, func(column int, format string, args ...any) {
		l.broken = true
		l.mistakef(column, format, args...)
	})
	return l
}

// op reads a line by its verb. Nil: it could not be understood, and a mistake says why.
func (p *parser) op(l *Line) Op {
	if len(l.words) == 0 {
		return nil
	}
	first, _ := l.take()
	names := make([]string, len(p.verbs))
	for i, v := range p.verbs {
		if names[i] = v.Name; !first.is(v.Name) {
			continue
		}
		op := v.Parse(l)
		l.rejectBlock()
		return op
	}
	l.mistakef(first.Column, "unknown verb %q: %s", first.raw, meant(first.raw, names, "want %s", either(names)))
	return nil
}

// paragraph is a step's lines before anybody has read them.
type paragraph struct {
	number int
	text   string
	bad    bool // it has characters that no line may have
	lead   []string
	block  []blockLine
	want   []wantLine
	notes  []Note // from the block's end to the last "=>"
	last   int    // number of the last line
}

type wantLine struct {
	number int
	text   string
}

// nothing is how the text says that a step is compared, and that nothing is to be observed.
const nothing = "nothing"

func (para *paragraph) texts() []string {
	if para.want == nil {
		return nil
	}
	texts := []string{}
	for _, w := range para.want {
		if w.text != nothing {
			texts = append(texts, w.text)
		}
	}
	return texts
}

func runes(s string) int { return utf8.RuneCountInString(s) }
