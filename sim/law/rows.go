package law

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/gatedrill/gatedrill/sim/drill"
)

// orderOfRows turns each group of new rows around. It says nothing of rows that share a
// name or a host, where the first one has it.
func orderOfRows(d *drill.Drill) (Variant, bool) {
	v := newVariant(d)
	if !eachItsOwn(d) {
		return v, false
	}
	turned := false
	for i := 0; i < len(d.Steps); {
		n := groupAt(d, i, isNewRow)
		for j := range max(n, 1) {
			at := i + max(n, 1) - 1 - j
			v.add(d.Steps[at].Op, at)
		}
		turned = turned || n > 1
		i += max(n, 1)
	}
	return v, turned
}

// oneByOne reloads after each of several edits that come to one reload, where no two of
// them have anything to do with one another.
func oneByOne(d *drill.Drill) (Variant, bool) {
	v := newVariant(d)
	split := false
	var rows book
	for i := 0; i < len(d.Steps); {
		n := groupAt(d, i, isEdit)
		apart := n > 1 && reloadsNext(d, i+n) && rows.apart(d.Steps[i:i+n])
		for j := range max(n, 1) {
			v.add(d.Steps[i+j].Op, i+j)
			rows.note(d.Steps[i+j].Op)
			if apart && j < n-1 {
				v.add(drill.ReloadOp{}, -1)
			}
		}
		split = split || apart
		i += max(n, 1)
	}
	return v, split && !stalls(d)
}

// reloadsNext reports whether the next step is a reload, scripts of upstreams aside.
func reloadsNext(d *drill.Drill, i int) bool {
	for ; i < len(d.Steps); i++ {
		switch d.Steps[i].Op.(type) {
		case drill.ReloadOp:
			return true
		case drill.UpstreamOp:
		default:
			return false
		}
	}
	return false
}

// groupAt counts the steps of a kind that stand together from an index on.
func groupAt(d *drill.Drill, i int, kind func(drill.Op) bool) int {
	n := 0
	for i+n < len(d.Steps) && kind(d.Steps[i+n].Op) {
		n++
	}
	return n
}

func isNewRow(op drill.Op) bool {
	_, ok := op.(drill.ProviderOp)
	return ok
}

func isEdit(op drill.Op) bool {
	_, ok := op.(drill.EditOp)
	return ok || isNewRow(op)
}

// stalls reports whether the source does not always answer at once.
func stalls(d *drill.Drill) bool {
	return slices.ContainsFunc(d.Steps, func(s drill.Step) bool {
		op, ok := s.Op.(drill.SourceOp)
		return ok && (op.State.Stall || op.State.Slow > 0)
	})
}

// eachItsOwn reports whether no two rows of a drill ever have one name or one host.
func eachItsOwn(d *drill.Drill) bool {
	names, hosts := map[string]int{}, map[string]int{}
	for _, s := range d.Steps {
		switch op := s.Op.(type) {
		case drill.ProviderOp:
			names[op.Row.Name]++
			hosts[hostOf(op.Row.URL)]++
		case drill.EditOp:
			switch op.Edit {
			case drill.EditRename:
				names[op.Text]++
			case drill.EditMove:
				hosts[hostOf(op.Text)]++
			}
		}
	}
	once := func(count map[string]int) bool {
		for name, n := range count {
			if n > 1 || name == "" {
				return false
			}
		}
		return true
	}
	return once(names) && once(hosts)
}

// hostOf is the host of a base URL as it is compared; "": it has none.
func hostOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
}

// book keeps the rows of the source while a drill is read.
type book struct {
	drill.World // nobody asks for more than the rows
	rows        drill.Rows
}

// Rows implements drill.World.
func (b *book) Rows() *drill.Rows { return &b.rows }

// note does what a step does to the rows; a drill that was parsed has no edit of a row
// that is not there.
func (b *book) note(op drill.Op) {
	if isEdit(op) {
		_ = op.Run(context.Background(), b)
	}
}

// apart reports whether no two of the edits touch one name or one host, before or after.
func (b *book) apart(steps []drill.Step) bool {
	taken := map[string]bool{}
	take := func(words ...string) bool {
		own := map[string]bool{}
		for _, w := range words {
			if w == "" || w == "host " || taken[w] {
				return false
			}
			own[w] = true
		}
		for w := range own {
			taken[w] = true
		}
		return true
	}
	for _, s := range steps {
		words := []string{}
		switch op := s.Op.(type) {
		case drill.ProviderOp:
			words = append(words, op.Row.Name, "host "+hostOf(op.Row.URL))
		case drill.EditOp:
			row, err := b.rows.Find(op.Row)
			if err != nil {
				return false // a row that the same group adds
			}
			words = append(words, row.Name, "host "+hostOf(row.URL))
			switch op.Edit {
			case drill.EditRename:
				words = append(words, op.Text)
			case drill.EditMove:
				words = append(words, "host "+hostOf(op.Text))
			}
		}
		if !take(words...) {
			return false
		}
	}
	return !slices.ContainsFunc(b.rows.All(), func(row drill.Row) bool { return b.untouched(row, steps) && taken["host "+hostOf(row.URL)] })
}

// untouched reports whether none of the edits is of a row.
func (b *book) untouched(row drill.Row, steps []drill.Step) bool {
	return !slices.ContainsFunc(steps, func(s drill.Step) bool {
		op, ok := s.Op.(drill.EditOp)
		return ok && op.Row.Name == row.Name
	})
}
