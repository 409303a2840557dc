package drill

import (
	"fmt"
	"strings"
)

// ParseUpstreams reads a file that has upstream blocks and nothing else that happens: what a program serves that has
// no drill to play. Hosts are in the order of the text, each once, and their rules have the bytes of body=@name from
// the members at the file's end. Steps of a drill are mistakes: whoever wrote them would wait for them in vain. So
// are "=>" lines. Any key can be answered, since no provider is there to have it.
//
// Its error is a Mistakes with everything that is wrong. Safe for concurrent use.
func ParseUpstreams(file string, src []byte) ([]UpstreamOp, error) {
	s := &upstreamFile{parser: &parser{file: file, verbs: []Verb{upstreamVerb()}}, hosts: map[string]int{}}
	s.read(src)
	if len(s.parser.mistakes) > 0 {
		return nil, s.parser.mistakes.sorted()
	}
	return s.ops, nil
}

// upstreamFile is a file of upstream blocks that is being read.
type upstreamFile struct {
	parser *parser
	hosts  map[string]int // the line of each
	ops    []UpstreamOp
}

func (s *upstreamFile) read(src []byte) {
	text, files, unused := s.parser.text(src)
	paragraphs, _ := s.parser.paragraphs(text)
	scope := newScope(s.parser, files)
	for i, para := range paragraphs {
		if s.isStep(para) {
			continue
		}
		if op, ok := s.parser.step(para, scope, i).Op.(UpstreamOp); ok {
			s.add(para, op, &Drill{Files: files})
		}
	}
	if len(paragraphs) == 0 && len(s.parser.mistakes) == 0 {
		s.parser.mistakef(1, 1, "no upstream: write at least one, such as \"upstream alpha.invalid\" and below it \"  key any: 200\"")
	}
	unused(scope)
}

// isStep says that a step of a drill, or what was observed of one, has no place here.
func (s *upstreamFile) isStep(para *paragraph) bool {
	for _, w := range para.want {
		s.parser.mistakef(w.number, 1, "\"=>\" is for drills, and here no drill is played: leave it out")
	}
	verb, _, _ := strings.Cut(para.text, " ")
	if verb == "upstream" {
		return false
	}
	for _, v := range Verbs() {
		if v.Name == verb {
			s.parser.mistakef(para.number, 1, "%q is for drills, and here no drill is played: leave only upstream blocks", verb)
			return true
		}
	}
	return false
}

// add takes a block whose every line was understood.
func (s *upstreamFile) add(para *paragraph, op UpstreamOp, d *Drill) {
	if line, twice := s.hosts[op.Host]; twice {
		s.parser.mistakef(para.number, 1, "upstream %s stands in line %d already: write one block", op.Host, line)
		return
	}
	s.hosts[op.Host] = para.number
	if len(s.parser.mistakes) > 0 {
		return
	}
	for i, r := range op.Rules {
		resolved, err := r.Resolve(func(name string) ([]byte, error) {
			data, ok := d.File(name)
			if !ok {
				return nil, fmt.Errorf("there is no such file")
			}
			return data, nil
		})
		if err != nil {
			s.parser.mistakef(para.number, 1, "%v", err)
			return
		}
		op.Rules[i] = resolved
	}
	s.ops = append(s.ops, op)
}
