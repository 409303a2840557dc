package fakeupstream

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ParseRule reads the text of a rule, as String writes it. When something is wrong the error is a SyntaxErrors
// that has every mistake of the line.
func ParseRule(line string) (Rule, error) {
	p := &parser{line: line}
	rule := p.rule()
	if len(p.errs) > 0 {
		return Rule{}, p.errs.sorted()
	}
	return rule, nil
}

type parser struct {
	line string
	errs SyntaxErrors
}

func (p *parser) errorf(off int, format string, args ...any) {
	p.errs = append(p.errs, &SyntaxError{Offset: off, Msg: fmt.Sprintf(format, args...)})
}

func (p *parser) rule() Rule {
	if off := p.connectionsHead(); off > 0 {
		return Rule{Connections: p.connections(off)}
	}
	if kind, off := p.limitHead(); kind != 0 {
		return Rule{Limit: p.limit(kind, off)}
	}
	rule, off := p.head()
	if off < 0 {
		return rule
	}
	tokens := p.tokenize(off)
	if len(tokens) == 0 {
		p.errorf(len(p.line), "the rule has no answer: want a status, such as 200 or 429")
	}
	for len(tokens) > 0 {
		n := answerLen(tokens)
		rule.Answers = append(rule.Answers, p.answer(tokens[:n]))
		tokens = p.separator(tokens[n-1].comma, tokens[n:])
	}
	return rule
}

// connectionsHead returns the offset behind "connection:"; 0: the rule begins otherwise.
func (p *parser) connectionsHead() int {
	rest := strings.TrimLeft(p.line, blanks)
	if !strings.HasPrefix(rest, connectionHead) {
		return 0
	}
	return len(p.line) - len(rest) + len(connectionHead)
}

// connections reads what a rule of connections says, from offset off on.
func (p *parser) connections(off int) []Connection {
	tokens := p.tokenize(off)
	if len(tokens) == 0 {
		p.errorf(len(p.line), "the rule has no connection: %s", wantConnection)
	}
	var out []Connection
	for len(tokens) > 0 {
		n := answerLen(tokens)
		out = append(out, p.connection(tokens[:n]))
		tokens = p.separator(tokens[n-1].comma, tokens[n:])
	}
	return out
}

const wantHead = `want "key NAME:" and answers, as in "key k0: 200"`

// keyName is what an alias looks like.
var keyName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// head reads "key NAME:", and returns the offset behind the colon, or -1 when what follows cannot be made out.
func (p *parser) head() (Rule, int) {
	off := len(p.line) - len(strings.TrimLeft(p.line, blanks))
	if off == len(p.line) {
		p.errorf(0, "an empty rule: %s", wantHead)
		return Rule{}, -1
	}
	end := p.nextBlank(off)
	if word := p.line[off:end]; word != "key" {
		want := wantHead
		if near, ok := nearest(word, []string{"limit", "quota", "window", "revoked"}); ok {
			want = fmt.Sprintf("did you mean %s?", near)
		}
		p.errorf(off, "unknown word %q: %s", word, want)
		return Rule{}, -1
	}
	off = end + len(p.line[end:]) - len(strings.TrimLeft(p.line[end:], blanks))
	end = p.nextBlank(off)
	if i := strings.IndexByte(p.line[off:end], ':'); i >= 0 {
		end = off + i
	}
	name := p.line[off:end]
	rule := Rule{Key: name}
	for end < len(p.line) && p.line[end] != ':' {
		behind := p.headOption(&rule, end)
		if behind < 0 {
			break
		}
		end = behind
	}
	if end == len(p.line) || p.line[end] != ':' {
		p.errorf(end, "no colon after the key's name: %s", wantHead)
		if end == len(p.line) {
			return Rule{}, -1
		}
	}
	if !keyName.MatchString(name) {
		p.errorf(off, "bad key name %q: want small letters, digits and hyphens, such as k0, or one of %s, %s, %s", name, KeyAny, KeyNone, KeyUnknown)
	}
	if end < len(p.line) && p.line[end] == ':' {
		end++
	}
	return rule, end
}

// answerLen is how many tokens the first answer has: up to a comma, or to a "then" without one. It is at least 1.
func answerLen(tokens []token) int {
	n := 1
	for n < len(tokens) && !tokens[n-1].comma && !isThen(tokens[n]) {
		n++
	}
	return n
}

func isThen(t token) bool { return t.name == "then" && !t.hasValue }

// separator reads ", then" between two answers, and returns what follows it.
func (p *parser) separator(comma bool, rest []token) []token {
	if len(rest) == 0 {
		if comma {
			p.errorf(len(p.line), `nothing after the comma: want "then" and another answer, as in "429, then 200"`)
		}
		return nil
	}
	then := rest[0]
	if !isThen(then) {
		p.errorf(then.off, `no "then" after the comma: want "429, then 200"`)
		return rest
	}
	if !comma {
		p.errorf(then.off, `no comma before "then": want "429, then 200"`)
	}
	if len(rest) == 1 || then.comma {
		p.errorf(then.off+len("then"), `no answer after "then": want a status, such as 200 or 429`)
	}
	return rest[1:]
}

// answer reads one answer: its status, and the words that follow it.
func (p *parser) answer(tokens []token) Answer {
	before := len(p.errs)
	a, own, ok := p.answerHead(tokens)
	seen := map[string][]int{} // a word's offsets, in order
	clause := ""
	for _, t := range own {
		w := p.lookup(t, clause)
		if w == nil {
			continue
		}
		if w.bare {
			clause = w.name
			for _, option := range words() {
				if w.repeat && slices.Contains(option.clauses, clause) {
					delete(seen, option.name) // each of them has its own
				}
			}
		}
		if len(seen[w.name]) > 0 && !w.repeat {
			p.errorf(t.off, "%s is given twice: want it once", t.name)
			continue
		}
		seen[w.name] = append(seen[w.name], t.off)
		if err := w.parse(&a, value{t.value, t.quoted}); err != nil {
			p.errorf(t.valueOff, "%v", err)
		}
	}
	if !ok || len(p.errs) > before {
		return a // what the words mean together is only looked at when each of them was understood
	}
	for _, m := range a.mistakes() {
		off := tokens[0].off
		if offs := seen[m.word]; m.index < len(offs) {
			off = offs[m.index]
		}
		p.errorf(off, "%s", m.msg)
	}
	return a
}

// answerHead reads the status that an answer begins with, or its limit, and returns the tokens that come after.
func (p *parser) answerHead(tokens []token) (a Answer, own []token, ok bool) {
	if t := tokens[0]; t.name == LimitRate.String() && !t.hasValue {
		a.Status = http.StatusOK
		a.Limit, own = p.limitAnswer(tokens)
		return a, own, true
	} else if kind := limitKindOf(t.name); kind != 0 && !t.hasValue {
		p.errorf(t.off, "a %s where an answer begins: it is a line of its own, and decides before keys do", kind)
		return a, nil, false
	}
	a.Status, ok = p.status(tokens[0])
	return a, tokens[1:], ok
}

// status reads the word that an answer begins with.
func (p *parser) status(t token) (status int, ok bool) {
	const want = "want a status such as 200 or 429"
	if t.hasValue {
		p.errorf(t.off, "%s= where an answer begins: %s, and options after it", t.name, want)
		return 0, false
	}
	switch {
	case t.name == "":
		p.errorf(t.off, "an answer is missing before the comma: %s", want)
	case wordNamed(t.name) != nil:
		p.errorf(t.off, "%s where an answer begins: %s, and then %s", t.name, want, t.name)
	case !isStatus(t):
		p.errorf(t.off, "unknown answer %q: %s", t.name, want)
	default:
		status, _ = strconv.Atoi(t.name) // three digits
		return status, true
	}
	return 0, false
}

// isStatus tells whether a token is a bare word of three digits.
func isStatus(t token) bool {
	return !t.hasValue && len(t.name) == 3 && strings.Trim(t.name, "0123456789") == ""
}

// lookup finds the word that a token means where clause is the last bare word before it.
func (p *parser) lookup(t token, clause string) *word {
	w := wordNamed(t.name)
	switch {
	case t.name == "" && t.comma && !t.hasValue:
		p.errorf(t.off, `a blank before the comma: want "429, then 200"`)
	case w == nil && isStatus(t):
		p.errorf(t.off, `%s right after another answer: want "429, then 200"`, t.name)
	case w == nil:
		p.errorf(t.off, "unknown option %q: %s", t.name, wantWord(t.name))
	case w.bare && t.hasValue:
		p.errorf(t.off, "%s takes no value: want %q", t.name, w.form.Text)
	case !w.bare && !t.hasValue:
		p.errorf(t.off, "%s has no value: want %q", t.name, w.form.Text)
	case len(w.clauses) > 0 && !slices.Contains(w.clauses, clause):
		p.errorf(t.off, "%s= belongs to %s: want %q", t.name, strings.Join(w.clauses, ", "), wordNamed(w.clauses[0]).form.Text)
	default:
		return w
	}
	return nil
}
