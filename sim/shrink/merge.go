package shrink

import (
	"net"
	"regexp"
	"slices"
	"strings"

	"github.com/gatedrill/gatedrill/sim/drill"
)

// merge puts two steps into one, where that fails in the same way: what a person would
// write in the first place is not always what is left when steps are left out.
func (s *shrinker) merge() {
	s.sendAlone()
	s.startLate()
	s.editAtOnce()
	s.editInstead()
	s.keepNames()
	s.scriptAtOnce()
	s.comeLater()
}

// eachPair visits all pairs of steps, the last one first, for as long as they are
// there; visit says whether they have become fewer.
func (s *shrinker) eachPair(visit func(i, j int) bool) {
	for j := len(s.best) - 1; j > 0; j-- {
		for i := j - 1; i >= 0 && j < len(s.best) && !s.enough(); i-- {
			if visit(i, j) {
				j = len(s.best)
				break
			}
		}
	}
}

// op is the step of a paragraph; nil: it is gone.
func (s *shrinker) op(i int) drill.Op {
	if s.ops == nil {
		d, _ := s.parse(s.best) // it is a drill: it fails as it should
		for _, step := range d.Steps {
			s.ops = append(s.ops, step.Op)
		}
	}
	if i >= len(s.ops) {
		return nil
	}
	return s.ops[i]
}

var sent = regexp.MustCompile(`^(start \S+ )?send (\S+) (\S+) (/\S*)`)

// sendAlone gives each request of a tunnel one of its own.
func (s *shrinker) sendAlone() {
	for i := len(s.best) - 1; i >= 0 && !s.enough(); i-- {
		op, ok := s.op(i).(drill.ConnectOp)
		if !ok {
			continue
		}
		host, port, err := net.SplitHostPort(op.Target)
		if err != nil || port != "443" {
			continue
		}
		next := slices.Clone(s.best[:i])
		for _, lines := range s.best[i+1:] {
			if lines[0] == "close "+op.Client {
				continue
			}
			lines = slices.Clone(lines)
			for j, line := range lines {
				if m := sent.FindStringSubmatch(line); m != nil && m[2] == op.Client {
					lines[j] = m[1] + "request " + m[3] + " https://" + host + m[4] + " as " + op.Client + line[len(m[0]):]
				}
			}
			next = append(next, lines)
		}
		s.try(next)
	}
}

// startLate has a step that goes on while others run happen where it is awaited.
func (s *shrinker) startLate() {
	s.eachPair(func(i, j int) bool {
		start, ok := s.op(i).(drill.StartOp)
		if await, waits := s.op(j).(drill.AwaitOp); !ok || !waits || await.Name != start.Name {
			return false
		}
		return s.try(s.best.withLine(j, 0, start.Op.String()).without(i, i+1))
	})
}

// comeLater leaves out a row that comes and goes, and has another row come, or be
// edited, one reload later: what one row does to another, its absence does as well.
func (s *shrinker) comeLater() {
	s.eachPair(func(i, j int) bool {
		if edit, ok := s.op(j).(drill.EditOp); !ok || edit.Edit != drill.EditDelete {
			return false
		}
		if _, ok := s.op(i).(drill.ProviderOp); !ok {
			return false
		}
		less := s.best.without(j, j+1).without(i, i+1)
		for k := j - 2; k >= i; k-- {
			if next, ok := less.later(k); ok && s.try(next) {
				return true
			}
		}
		return false
	})
}

// later is the text with one provider's step behind the next reload.
func (t text) later(i int) (text, bool) {
	if !strings.HasPrefix(t[i][0], "provider ") {
		return nil, false
	}
	for j := i + 1; j < len(t); j++ {
		if t[j][0] == "reload" {
			return slices.Concat(t[:i], t[i+1:j+1], text{t[i]}, t[j+1:]), true
		}
	}
	return nil, false
}

// editAtOnce has a row come as an edit would leave it.
func (s *shrinker) editAtOnce() {
	s.eachPair(func(i, j int) bool {
		edit, ok := s.op(j).(drill.EditOp)
		if !ok {
			return false
		}
		made, ok := s.op(i).(drill.ProviderOp)
		if !ok || made.Row.Name != edit.Row.Name && edit.Edit != drill.EditDelete {
			return false
		}
		if edit.Edit == drill.EditDelete {
			return s.try(s.best.without(j, j+1).without(i, i+1))
		}
		row, ok := edited(made.Row, edit)
		if !ok {
			return false
		}
		next := s.best.withLine(i, 0, drill.ProviderOp{Row: row}.String()).without(j, j+1)
		return s.try(next.renamed(i+1, j, edit.Row.Name, row.Name))
	})
}

// edited is a row after an edit of its own.
func edited(row drill.Row, edit drill.EditOp) (drill.Row, bool) {
	edit.Row = drill.Ref{Name: row.Name}
	switch edit.Edit {
	case drill.EditRename:
		row.Name = edit.Text
	case drill.EditMove:
		row.URL = edit.Text
	case drill.EditType:
		row.Type = edit.Text
	case drill.EditKeys:
		row.Keys, row.HasKeys = edit.Keys, true
	case drill.EditDisable:
		row.Disabled = true
	case drill.EditEnable:
		row.Disabled = false
	default:
		return row, false
	}
	return row, true
}

// editInstead has one edit in place of a row that goes and one that comes.
func (s *shrinker) editInstead() {
	s.eachPair(func(i, j int) bool {
		gone, out := s.op(i).(drill.EditOp)
		come, in := s.op(j).(drill.ProviderOp)
		if !out || !in { // the other way round
			if gone, out = s.op(j).(drill.EditOp); out {
				come, in = s.op(i).(drill.ProviderOp)
			}
		}
		if !out || !in || gone.Edit != drill.EditDelete {
			return false
		}
		for _, edit := range []drill.EditOp{
			{Row: gone.Row, Edit: drill.EditRename, Text: come.Row.Name},
			{Row: gone.Row, Edit: drill.EditMove, Text: come.Row.URL},
			{Row: gone.Row, Edit: drill.EditKeys, Keys: come.Row.Keys},
		} {
			if s.try(s.best.withLine(j, 0, edit.String()).without(i, i+1)) {
				return true
			}
		}
		return false
	})
}

// keepNames leaves out renames: what comes later goes by the old name.
func (s *shrinker) keepNames() {
	for i := len(s.best) - 1; i >= 0 && !s.enough(); i-- {
		if edit, ok := s.op(i).(drill.EditOp); ok && edit.Edit == drill.EditRename {
			s.try(s.best.without(i, i+1).renamed(i, len(s.best)-1, edit.Text, edit.Row.String()))
		}
	}
}

// scriptAtOnce gives a host the answers of two of its scripts, one after the other.
func (s *shrinker) scriptAtOnce() {
	s.eachPair(func(i, j int) bool {
		first, second := s.best[i], s.best[j]
		if first[0] != second[0] || !strings.HasPrefix(first[0], "upstream ") {
			return false
		}
		both := slices.Clone(first)
		for _, line := range slices.Backward(second[1:]) {
			head, rest, ok := cutHead(line)
			if !ok {
				return false
			}
			k := slices.IndexFunc(both[1:], func(have string) bool { return strings.HasPrefix(have, head) })
			if k < 0 {
				both = slices.Insert(both, 1, line) // before the rule for any key
			} else {
				both[k+1] += ", then " + rest
			}
		}
		return s.try(s.best.with(i, both).without(j, j+1))
	})
}

// renamed calls a provider otherwise in the paragraphs from to to, without the latter.
func (t text) renamed(from, to int, name, other string) text {
	t = slices.Clone(t)
	for i := from; i < min(to, len(t)) && name != other; i++ {
		words := wordsOf(t[i][0])
		for k, w := range words {
			about := words[0] == "provider" && k == 1 || words[0] == "heal" && k == 1 || words[0] == "expect" && k == 2
			if about && (w == name || strings.HasPrefix(w, name+"#")) {
				words[k] = other + w[len(name):]
			}
		}
		t[i] = append([]string{strings.Join(words, " ")}, t[i][1:]...)
	}
	return t
}
