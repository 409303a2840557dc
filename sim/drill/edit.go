package drill

import (
	"context"
	"slices"
	"strings"
)

// EditOp changes a provider row that the source has.
type EditOp struct {
	Row  Ref
	Edit Edit
	Text string   // EditRename: the new name; EditMove: the new base URL; EditType: the new type
	Keys []string // EditKeys: the new aliases, none for an empty list
}

// Edit is a way to change a provider row.
type Edit string

const (
	EditRename  Edit = "rename"
	EditMove    Edit = "move"
	EditDelete  Edit = "delete"
	EditEnable  Edit = "enable"
	EditDisable Edit = "disable"
	EditKeys    Edit = "set keys"
	EditType    Edit = "set type"
)

// edit is everything about one Edit.
type edit struct {
	name  Edit
	usage string // behind "provider NAME"
	read  func(l *Line, op *EditOp)
	write func(op EditOp) []string // the words behind the edit's own
	apply func(rows *Rows, op EditOp) error
}

func edits() []edit {
	none := func(EditOp) []string { return nil }
	plain := func(name Edit, apply func(*Rows, Ref) error) edit {
		return edit{name, string(name), func(*Line, *EditOp) {}, none, func(r *Rows, op EditOp) error { return apply(r, op.Row) }}
	}
	return []edit{
		{EditRename, "rename NEW", readNewName,
			func(op EditOp) []string { return []string{writeProviderName(op.Text)} },
			func(r *Rows, op EditOp) error { return r.Rename(op.Row, op.Text) }},
		{EditMove, "move URL", readNewURL,
			func(op EditOp) []string { return []string{baseURL().write(op.Text)} },
			func(r *Rows, op EditOp) error { return r.Move(op.Row, op.Text) }},
		plain(EditDelete, (*Rows).Delete),
		plain(EditEnable, (*Rows).Enable),
		plain(EditDisable, (*Rows).Disable),
		{EditKeys, "set keys [ALIAS …]",
			func(l *Line, op *EditOp) { op.Keys = l.aliases() },
			func(op EditOp) []string { return op.Keys },
			func(r *Rows, op EditOp) error { return r.SetKeys(op.Row, op.Keys) }},
		{EditType, "set type TYPE", readNewType,
			func(op EditOp) []string { return []string{writeType(op.Text)} },
			func(r *Rows, op EditOp) error { return r.SetType(op.Row, op.Text) }},
	}
}

func (e edit) fullUsage() string { return "provider NAME " + e.usage }

func readNewName(l *Line, op *EditOp) {
	op.Text = op.Row.Name // without a new name, the row below keeps its own, and is found
	if w, ok := l.need("NEW", "provider NAME rename NEW"); ok {
		op.Text = l.providerName(w)
	}
}

func readNewURL(l *Line, op *EditOp) {
	if w, ok := l.need("URL", "provider NAME move URL"); ok {
		op.Text = baseURL().word(l, w)
	}
}

func readNewType(l *Line, op *EditOp) {
	if w, ok := l.need("TYPE", "provider NAME set type TYPE"); ok {
		op.Text = l.providerType(w)
	}
}

// editNames are the words that edits begin with.
func editNames() []string {
	var names []string
	for _, e := range edits() {
		if word, _, _ := strings.Cut(string(e.name), " "); !slices.Contains(names, word) {
			names = append(names, word)
		}
	}
	return names
}

// parseEdit reads what follows the word that the edit begins with.
func parseEdit(l *Line, first Word, row Ref) Op {
	var second []string
	for _, e := range edits() {
		word, rest, two := strings.Cut(string(e.name), " ")
		if !first.is(word) || two && !l.takeIf(rest) {
			second = append(second, rest)
			continue
		}
		op := EditOp{Row: row, Edit: e.name}
		e.read(l, &op)
		l.done(e.fullUsage())
		return op
	}
	second = slices.DeleteFunc(second, func(s string) bool { return s == "" })
	w, ok := l.take()
	if !ok {
		l.missing("what to set is missing: write %s", either(setUsages()))
		return nil
	}
	l.mistakef(w.Column, "cannot set %q: %s", w.raw, meant(w.raw, second, "write %s", either(setUsages())))
	return nil
}

// setUsages are the ways to write an edit that begins with "set".
func setUsages() []string {
	var usages []string
	for _, e := range edits() {
		if strings.HasPrefix(string(e.name), "set ") {
			usages = append(usages, quote(e.fullUsage()))
		}
	}
	return usages
}

func (op EditOp) edit() edit {
	all := edits()
	return all[slices.IndexFunc(all, func(e edit) bool { return e.name == op.Edit })]
}

// String implements Op.
func (op EditOp) String() string {
	return printed("provider", writeRef(op.Row), string(op.Edit)).add(op.edit().write(op)...).String()
}

// Block implements Op.
func (op EditOp) Block() []string { return nil }

// Run implements Op.
func (op EditOp) Run(_ context.Context, w World) error { return op.edit().apply(w.Rows(), op) }

// Check implements Op.
func (op EditOp) Check(s *Scope) {
	s.keys(op.Keys...)
	if op.Edit == EditRename {
		s.provider(op.Text)
	}
	if s.row(op.Row) {
		// It is there, so that there is nothing that could go wrong.
		_ = op.edit().apply(&s.rows, op)
	} else if op.Edit == EditRename {
		s.doubtful[op.Text] = true
	}
}
