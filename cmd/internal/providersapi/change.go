package providersapi

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/gatedrill/gatedrill/cmd/internal/sqlsource"
)

// change is an edit of all rows: what shall be there, and where the row is by then that
// the request was about, -1 when it is gone.
type change func(rows []sqlsource.Row) (after []sqlsource.Row, at int, err error)

func errUnknown(name string) error {
	return refuse(http.StatusNotFound, fmt.Sprintf("there is no provider %q", name))
}

// on is a change of the row of a name, once the request's preconditions hold.
func on(name string, r *http.Request, f func(rows []sqlsource.Row, i int) ([]sqlsource.Row, int, error)) change {
	return func(rows []sqlsource.Row) ([]sqlsource.Row, int, error) {
		i := indexOf(rows, name)
		if i < 0 {
			return nil, 0, errUnknown(name)
		}
		if err := precondition(r, rows[i].Version); err != nil {
			return nil, 0, err
		}
		return f(rows, i)
	}
}

func indexOf(rows []sqlsource.Row, name string) int {
	return slices.IndexFunc(rows, func(r sqlsource.Row) bool { return r.Name == name })
}

// adding puts a new row at its place, which is the end unless the body says another.
func adding(f fields) change {
	return func(rows []sqlsource.Row) ([]sqlsource.Row, int, error) {
		return setting(f)(append(rows, sqlsource.Row{}), len(rows))
	}
}

// setting gives the row at i what the body says.
func setting(f fields) func([]sqlsource.Row, int) ([]sqlsource.Row, int, error) {
	return func(rows []sqlsource.Row, i int) ([]sqlsource.Row, int, error) {
		r := &rows[i]
		if f.name != nil && *f.name != r.Name {
			if indexOf(rows, *f.name) >= 0 {
				return nil, 0, refuse(http.StatusConflict, "the name is taken",
					mistake{"#/name", fmt.Sprintf("there is a provider %q already", *f.name)})
			}
			r.Name = *f.name
		}
		set(&r.Type, f.kind)
		set(&r.BaseURL, f.baseURL)
		set(&r.Disabled, f.disabled)
		set(&r.Keys, f.keys)
		at := i
		if f.position != nil {
			at = *f.position - 1
		}
		if at >= len(rows) {
			return nil, 0, wrong([]mistake{{"#/position", fmt.Sprintf("is no place among %d providers", len(rows))}})
		}
		return move(rows, i, at), at, nil
	}
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// replacing is setting for a PUT: what the body leaves out goes back to its default, but
// for the name, the place and the keys, which nobody can read to send them back.
func replacing(f fields) func([]sqlsource.Row, int) ([]sqlsource.Row, int, error) {
	if f.disabled == nil {
		f.disabled = new(bool)
	}
	return setting(f)
}

func move[T any](list []T, from, to int) []T {
	item := list[from]
	return slices.Insert(slices.Delete(list, from, from+1), to, item)
}

func removing(rows []sqlsource.Row, i int) ([]sqlsource.Row, int, error) {
	return slices.Delete(rows, i, i+1), -1, nil
}

// addingKey puts a key at its place in the order, which is the end unless the body says
// another. A provider without keys of its own gets its first.
func addingKey(f fields) func([]sqlsource.Row, int) ([]sqlsource.Row, int, error) {
	return func(rows []sqlsource.Row, i int) ([]sqlsource.Row, int, error) {
		keys := slices.Clone(rows[i].Keys)
		at := len(keys)
		if f.position != nil {
			at = *f.position - 1
		}
		switch {
		case at > len(keys):
			return nil, 0, wrong([]mistake{{"#/position", fmt.Sprintf("is no place among %d keys", len(keys)+1)}})
		case len(keys) >= maxKeys:
			return nil, 0, refuse(http.StatusConflict, fmt.Sprintf("the provider has %d keys already", maxKeys))
		}
		rows[i].Keys = slices.Insert(keys, at, *f.key)
		return rows, i, nil
	}
}

// removingKey deletes the key that has a number, from 1, in hints and in Admin's list.
func removingKey(number string) func([]sqlsource.Row, int) ([]sqlsource.Row, int, error) {
	return func(rows []sqlsource.Row, i int) ([]sqlsource.Row, int, error) {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > len(rows[i].Keys) {
			return nil, 0, refuse(http.StatusNotFound, fmt.Sprintf("there is no such key; %q has %d", rows[i].Name, len(rows[i].Keys)))
		}
		rows[i].Keys = slices.Delete(slices.Clone(rows[i].Keys), n-1, n)
		return rows, i, nil
	}
}
