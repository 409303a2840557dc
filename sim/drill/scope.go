package drill

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// Scope is what is true where a step stands: which rows there are, which tunnels are open, what has been set.
// Checking a drill walks its steps in order with one Scope; each Op reports what cannot be right there.
//
// A line that nobody understood might have opened any tunnel and made any row, so its words are doubtful from
// then on, and nothing is said of them: one slip of the finger is one mistake, not ten.
type Scope struct {
	parser *parser
	line   *Line
	index  int // of the step

	rows      Rows
	providers []string // every name that a row has had
	tunnels   []string // the ones that are open
	upstreams []string // the ones that are declared
	started   []startedStep
	doubtful  map[string]bool
	acted     int             // number of the first line that acts; 0: none has
	settings  map[string]int  // where each setting was written
	files     map[string]bool // the ones that exist, and whether they were used
	names     []string        // of the files, in order
	aliases   []string        // keys that rows have and clients send
	answered  []answeredKey   // keys that upstreams answer
	ends      ends
}

// answeredKey is a key that an upstream's rule names.
type answeredKey struct {
	alias        string
	line, column int
}

func newScope(p *parser, files []File) *Scope {
	s := &Scope{parser: p, doubtful: map[string]bool{}, settings: map[string]int{}, files: map[string]bool{}}
	for _, f := range files {
		s.files[f.Name] = false
		s.names = append(s.names, f.Name)
	}
	return s
}

// mistakef reports a mistake at the word of the line that reads at.
func (s *Scope) mistakef(at string, format string, args ...any) {
	s.line.mistakef(s.line.columnOf(at), format, args...)
}

// columnOf returns the column of the word that reads at; where there is none, that of the line's first.
func (l *Line) columnOf(at string) int {
	for _, w := range l.words[1:] {
		if w.whole() == at {
			return w.Column
		}
		if w.Text == at {
			return w.Value
		}
	}
	return l.words[0].Column
}

// wordOf returns the word that names the row.
func (l *Line) wordOf(ref Ref) string {
	for _, w := range l.words[1:] {
		if named, ok := parseRef(w.whole()); ok && named == ref {
			return w.whole()
		}
	}
	return ref.String()
}

// columnOfOption returns the column of name=value.
func (l *Line) columnOfOption(name string) int {
	for _, w := range l.words {
		if w.Name == name {
			return w.Column
		}
	}
	return l.words[0].Column
}

// act notes that the step reaches the gateway, from which on its settings are what they are.
func (s *Scope) act() {
	if s.acted == 0 {
		s.acted = s.line.number
	}
}

// doubt makes every word of a line that nobody understood doubtful.
func (s *Scope) doubt(l *Line) {
	for _, text := range append([]string{l.text}, blockTexts(l.block)...) {
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t=\"`,", r) }) {
			s.doubtful[word] = true
			ref, _ := parseRef(word)
			s.doubtful[ref.Name] = true
			if name, ok := strings.CutPrefix(word, "@"); ok {
				s.useFile(name)
			}
		}
	}
}

func blockTexts(block []blockLine) []string {
	texts := make([]string, len(block))
	for i, b := range block {
		texts[i] = b.text
	}
	return texts
}

// provider notes that a row of this name exists from here on.
func (s *Scope) provider(name string) {
	if !slices.Contains(s.providers, name) {
		s.providers = append(s.providers, name)
	}
}

// row checks that the row exists. False: it does not, or nobody can tell.
func (s *Scope) row(ref Ref) bool {
	_, err := s.rows.Find(ref)
	if err == nil {
		return true
	}
	if ref.Name == "" || s.doubtful[ref.Name] {
		return false
	}
	at := s.line.wordOf(ref)
	_, first := s.rows.Find(Ref{Name: ref.Name})
	switch {
	case first == nil:
		s.mistakef(at, "there is no row %q here, only fewer of that name: add it with another provider step, or write a smaller number", ref.String())
	case slices.Contains(s.providers, ref.Name):
		s.mistakef(at, "there is no provider %q here any more: it was renamed or deleted above", ref.Name)
	default:
		s.unknownProvider(at, ref.Name)
	}
	return false
}

func (s *Scope) unknownProvider(at, name string) {
	s.mistakef(at, "unknown provider %q: %s", name,
		meant(name, s.providers, "add it first, with \"provider %s TYPE URL\"", writeProviderName(name)))
}

// keys notes the aliases of a row, or of a request.
func (s *Scope) keys(aliases ...string) {
	for _, a := range aliases {
		if !slices.Contains(s.aliases, a) {
			s.aliases = append(s.aliases, a)
		}
	}
}

// openTunnel checks that no tunnel of this name is open, and opens it.
func (s *Scope) openTunnel(name string) {
	if name == "" {
		return
	}
	s.actor(name)
	if slices.Contains(s.tunnels, name) {
		if !s.doubtful[name] {
			s.mistakef(name, "tunnel %s is open already: close %s first, or choose another name", name, name)
		}
		return
	}
	s.tunnels = append(s.tunnels, name)
}

// tunnel checks that a tunnel of this name is open.
func (s *Scope) tunnel(name string) {
	if name == "" || slices.Contains(s.tunnels, name) || s.doubtful[name] {
		return
	}
	s.mistakef(name, "no tunnel %s is open here: %s", name, meant(name, s.tunnels, "connect %s HOST:PORT first", name))
}

// noTunnel checks that a client is not called like a tunnel that is open.
func (s *Scope) noTunnel(name string) {
	s.actor(name)
	if slices.Contains(s.tunnels, name) && !s.doubtful[name] {
		s.mistakef(name, "%s is a tunnel that is open here: send through it, or choose another name", name)
	}
}

// closeTunnel checks that a tunnel of this name is open, and closes it.
func (s *Scope) closeTunnel(name string) {
	s.tunnel(name)
	s.tunnels = slices.DeleteFunc(s.tunnels, func(open string) bool { return open == name })
}

// useFile notes that a file is used. False: there is no such file.
func (s *Scope) useFile(name string) bool {
	if _, ok := s.files[name]; !ok {
		return false
	}
	s.files[name] = true
	return true
}

// noFile is the text of the mistake that a name is no file of the drill. The file that was meant counts as used.
func (s *Scope) noFile(name string) string {
	s.useFile(nearest(name, s.names))
	return fmt.Sprintf("there is no file %q: %s", name,
		meant(name, s.names, "add it at the end, below a line \"-- %s --\"", name))
}

// answers notes that an upstream answers a key, and checks the files that its rule sends. B is the rule's line.
func (s *Scope) answers(alias string, files []string, b blockLine) {
	switch alias {
	case "", fakeupstream.KeyAny, fakeupstream.KeyNone, fakeupstream.KeyUnknown:
	default:
		s.answered = append(s.answered, answeredKey{alias: alias, line: b.number, column: b.columnOf(alias)})
	}
	for _, name := range files {
		if !s.useFile(name) {
			s.parser.mistakef(b.number, b.columnOf("@"+name), "%s", s.noFile(name))
		}
	}
}

// finish reports what only the whole drill can tell: a step that goes on for ever, and a key that is answered and never sent. What an upstream is
// never asked fails a drill anyway, but after the run, and without the name that was meant.
func (s *Scope) finish() {
	s.unended()
	s.finishEnds()
	for _, a := range s.answered {
		if slices.Contains(s.aliases, a.alias) || s.doubtful[a.alias] {
			continue
		}
		s.parser.mistakef(a.line, a.column, "unknown key %q: %s", a.alias,
			meant(a.alias, s.aliases, "no provider has it and no request brings it, so remove the rule or add the key"))
	}
}
