package drill

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// ErrNoRow is what an edit fails with when its row does not exist. The error that wraps it has the name.
var ErrNoRow = errors.New("drill: no such provider row")

// Row is one provider as its source has it, right or wrong.
type Row struct {
	Name     string
	Type     string   // openai, anthropic, copilot, or what a drill puts in quotes
	URL      string   // the base URL, verbatim
	Keys     []string // aliases, in order
	HasKeys  bool     // false: the row has no list of keys; true with no Keys: it has an empty one
	Disabled bool
}

// Ref names a row: the Nth one of a name, from 1. 0 is the first one too.
type Ref struct {
	Name string
	Nth  int
}

// String returns the name, and behind it #N where that is not the first row.
func (r Ref) String() string {
	if r.Nth > 1 {
		return r.Name + "#" + strconv.Itoa(r.Nth)
	}
	return r.Name
}

// parseRef reads NAME or NAME#N.
func parseRef(text string) (Ref, bool) {
	name, nth, found := strings.Cut(text, "#")
	if !found {
		return Ref{Name: text}, true
	}
	n, err := strconv.Atoi(nth)
	if err != nil || n < 1 || strconv.Itoa(n) != nth {
		return Ref{Name: name}, false
	}
	if n == 1 {
		n = 0
	}
	return Ref{Name: name, Nth: n}, true
}

// Rows are provider rows in the order of their source. The zero value is empty. Safe for concurrent use.
type Rows struct {
	mu   sync.Mutex
	rows []Row
}

// All returns a copy of the rows.
func (r *Rows) All() []Row {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Row, len(r.rows))
	for i, row := range r.rows {
		row.Keys = slices.Clone(row.Keys)
		all[i] = row
	}
	return all
}

// Append adds a row at the end, whether or not there is one of its name.
func (r *Rows) Append(row Row) {
	r.mu.Lock()
	defer r.mu.Unlock()
	row.Keys = slices.Clone(row.Keys)
	r.rows = append(r.rows, row)
}

// Find returns a copy of the row.
func (r *Rows) Find(ref Ref) (Row, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, err := r.indexLocked(ref)
	if err != nil {
		return Row{}, err
	}
	row := r.rows[i]
	row.Keys = slices.Clone(row.Keys)
	return row, nil
}

// Rename gives the row another name.
func (r *Rows) Rename(ref Ref, name string) error {
	return r.edit(ref, func(row *Row) { row.Name = name })
}

// Move gives the row another base URL.
func (r *Rows) Move(ref Ref, url string) error {
	return r.edit(ref, func(row *Row) { row.URL = url })
}

// SetKeys gives the row another list of keys; no keys make it an empty one.
func (r *Rows) SetKeys(ref Ref, keys []string) error {
	return r.edit(ref, func(row *Row) { row.Keys, row.HasKeys = slices.Clone(keys), true })
}

// SetType gives the row another type.
func (r *Rows) SetType(ref Ref, kind string) error {
	return r.edit(ref, func(row *Row) { row.Type = kind })
}

// Enable undoes Disable.
func (r *Rows) Enable(ref Ref) error { return r.edit(ref, func(row *Row) { row.Disabled = false }) }

// Disable marks the row as not to be used.
func (r *Rows) Disable(ref Ref) error { return r.edit(ref, func(row *Row) { row.Disabled = true }) }

// Delete removes the row; the ones below it move up.
func (r *Rows) Delete(ref Ref) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, err := r.indexLocked(ref)
	if err == nil {
		r.rows = slices.Delete(r.rows, i, i+1)
	}
	return err
}

func (r *Rows) edit(ref Ref, change func(*Row)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, err := r.indexLocked(ref)
	if err == nil {
		change(&r.rows[i])
	}
	return err
}

func (r *Rows) indexLocked(ref Ref) (int, error) {
	nth := max(ref.Nth, 1)
	for i, row := range r.rows {
		if row.Name != ref.Name {
			continue
		}
		if nth--; nth == 0 {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%w: %q", ErrNoRow, ref.String())
}
