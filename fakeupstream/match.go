package fakeupstream

import (
	"fmt"
	"strconv"
	"strings"
)

// End says what a sequence does when it has run out.
type End int

const (
	EndFail   End = iota // the request is not answered, and a Fault
	EndRepeat            // the last answer goes on
	EndLoop              // the sequence begins anew
)

// String returns the word as end= has it.
func (e End) String() string { return [...]string{"fail", "repeat", "loop"}[max(0, min(e, EndLoop))] }

// Covers tells whether the rule answers every request that the other one could.
func (r Rule) Covers(other Rule) bool {
	if r.Limit != nil || other.Limit != nil {
		return false
	}
	if r.Connections != nil || other.Connections != nil {
		return r.Connections != nil && other.Connections != nil
	}
	return (r.Key == KeyAny || r.Key == other.Key) && (r.Model == "" || r.Model == other.Model) &&
		(r.Path == "" || r.Path == other.Path || r.matchesPath(other.Path) && !strings.HasSuffix(other.Path, "*"))
}

func (r Rule) matchesPath(path string) bool {
	if prefix, ok := strings.CutSuffix(r.Path, "*"); ok {
		return strings.HasPrefix(path, prefix)
	}
	return r.Path == "" || r.Path == path
}

// fits tells whether the rule answers a request, whose model need not be known.
func (r Rule) fits(key, path string) bool {
	return (r.Key == KeyAny || r.Key == key) && r.matchesPath(path)
}

// head is the rule without its answers: "key k0 path=/v1/messages".
func (r Rule) head() string {
	if r.Limit != nil {
		return r.Limit.String()
	}
	if r.Connections != nil {
		return strings.TrimSuffix(connectionHead, ":")
	}
	s := "key " + r.Key
	for _, o := range []struct{ name, value string }{{"path", r.Path}, {"model", r.Model}} {
		if o.value != "" {
			s += " " + o.name + "=" + quoteHead(o.value)
		}
	}
	if r.End != EndFail {
		s += " end=" + r.End.String()
	}
	return s
}

// quoteHead writes a value that a colon follows.
func quoteHead(s string) string {
	if strings.Contains(s, ":") {
		return quoteAlways(s)
	}
	return quote(s)
}

// nearestRule returns the rule that names most of what a request has; ok is false when none names anything of it.
func (s *script) nearestRule(key, path, model string) (near Rule, ok bool) {
	best := 0
	for _, p := range s.rules {
		r, score := p.rule, 0
		if r.Key == key {
			score++
		}
		if r.Path != "" && r.matchesPath(path) {
			score++
		}
		if r.Model != "" && r.Model == model {
			score++
		}
		if score > best {
			near, best = r, score
		}
	}
	return near, best > 0
}

// headOption reads one name=value of a rule's head at off into the rule, and returns the offset behind it; -1 when
// there is none.
func (p *parser) headOption(r *Rule, off int) int {
	rest := p.line[off:]
	off += len(rest) - len(strings.TrimLeft(rest, blanks))
	name, _, ok := strings.Cut(p.line[off:p.nextBlank(off)], "=")
	if !ok || strings.Contains(name, ":") {
		return -1
	}
	at := off + len(name) + 1
	value, end := p.headValue(at)
	switch name {
	case "path":
		if r.Path = value; !strings.HasPrefix(value, "/") {
			p.errorf(at, "bad path %q: want one such as /v1/messages, or /v1/* for all that begins so", value)
		}
	case "model":
		if r.Model = value; value == "" {
			p.errorf(at, "model= without a name: want model=gpt-4o")
		}
	case "end":
		found := false
		for e := EndFail; e <= EndLoop; e++ {
			if value == e.String() {
				r.End, found = e, true
			}
		}
		if !found {
			p.errorf(at, "unknown end %q: want end=fail, end=repeat or end=loop", value)
		}
	default:
		p.errorf(off, "unknown word %q before the colon: want path=, model= or end=", name)
	}
	return end
}

// headValue reads a value, bare up to a blank or a colon, or quoted as in Go.
func (p *parser) headValue(at int) (value string, end int) {
	if quoted, err := strconv.QuotedPrefix(p.line[at:]); err == nil && quoted[0] != '\'' {
		value, _ = strconv.Unquote(quoted) // QuotedPrefix has checked it
		return value, at + len(quoted)
	}
	end = p.nextBlank(at)
	if i := strings.IndexByte(p.line[at:end], ':'); i >= 0 {
		end = at + i
	}
	return p.line[at:end], end
}

// matchMistakes returns what cannot be meant about whom the rule answers.
func (r Rule) matchMistakes() []string {
	var out []string
	if r.Path != "" && !strings.HasPrefix(r.Path, "/") {
		out = append(out, fmt.Sprintf("bad path %q: want one such as /v1/messages", r.Path))
	}
	if r.End < EndFail || r.End > EndLoop {
		out = append(out, fmt.Sprintf("unknown end %d: want EndFail, EndRepeat or EndLoop", r.End))
	}
	if r.Model == "" {
		return out
	}
	for i, a := range r.Answers {
		if a.beforeBody() {
			out = append(out, fmt.Sprintf("answer %d: it comes before the body, which names the model: leave model= or %q away", i+1, a))
		}
	}
	return out
}
