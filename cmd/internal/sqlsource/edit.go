package sqlsource

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

var errEdit = errors.New("the edit returned a row that it was not given")

// Edit changes rows in one write transaction: change gets all of them in their order, and
// returns what shall be there, in the order in which it shall be there. Rows that it leaves
// out are deleted, rows without an ID are new. An error of change is returned as it is,
// and nothing is written. It is called once, with the file locked for other writers, so it
// must be quick, and may keep or change the slice.
//
// Edit returns the rows as they are stored then, with their IDs and versions.
func (db *DB) Edit(ctx context.Context, change func(rows []Row) ([]Row, error)) ([]Row, error) {
	var after []Row
	var refused error
	err := db.transact(ctx, nil, func(tx *sql.Tx, v vault) error {
		before, err := readRows(ctx, tx, v)
		if err != nil {
			return err
		}
		after, refused = change(slices.Clone(before))
		if refused != nil {
			return refused
		}
		after = slices.Clone(after)
		return write(ctx, tx, v, before, after)
	})
	switch {
	case refused != nil:
		return nil, refused
	case err != nil:
		return nil, failed("edit", db.path, err)
	}
	return after, nil
}

// write stores the difference. Rows that have changed are deleted and inserted again, so
// that two rows may swap their names.
func write(ctx context.Context, tx *sql.Tx, v vault, before, after []Row) error {
	type place struct {
		row Row
		at  int
	}
	old := make(map[int64]place, len(before))
	for i, r := range before {
		old[r.ID] = place{r, i}
	}
	stays, renewed := make(map[int64]bool, len(after)), map[int64]bool{}
	var fresh, moved []int // indices of after
	for i, r := range after {
		was, known := old[r.ID]
		switch {
		case r.ID == 0:
			fresh = append(fresh, i)
			continue
		case !known || stays[r.ID]:
			return errEdit
		case !same(was.row, r):
			fresh, renewed[r.ID] = append(fresh, i), true
		default:
			after[i].Version = was.row.Version
			if was.at != i {
				moved = append(moved, i)
			}
		}
		stays[r.ID] = true
	}
	for _, r := range before {
		if stays[r.ID] && !renewed[r.ID] {
			continue
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM providers WHERE id = ?", r.ID); err != nil {
			return err
		}
	}
	for _, i := range moved {
		if _, err := tx.ExecContext(ctx, "UPDATE providers SET position = ? WHERE id = ?", i, after[i].ID); err != nil {
			return err
		}
	}
	for _, i := range fresh {
		if err := insert(ctx, tx, v, &after[i], i); err != nil {
			return fmt.Errorf("provider %q: %w", after[i].Name, err)
		}
	}
	return nil
}

// same reports whether nothing of a provider has changed. No keys and an empty list of
// keys are not the same.
func same(a, b Row) bool {
	return a.Name == b.Name && a.Type == b.Type && a.BaseURL == b.BaseURL && a.Disabled == b.Disabled &&
		(a.Keys == nil) == (b.Keys == nil) && slices.Equal(a.Keys, b.Keys)
}

// insert gives a row its next version, and its ID if it is new, from the counter that
// never goes back.
func insert(ctx context.Context, tx *sql.Tx, v vault, r *Row, position int) error {
	const next = "UPDATE state SET counter = counter + 1 RETURNING counter"
	if err := tx.QueryRowContext(ctx, next).Scan(&r.Version); err != nil {
		return err
	}
	if r.ID == 0 {
		r.ID = r.Version
	}
	_, err := tx.ExecContext(ctx,
		"INSERT INTO providers (id, position, version, name, type, base_url, disabled, keys) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		r.ID, position, r.Version, r.Name, r.Type, r.BaseURL, r.Disabled, v.store(r.ID, r.Keys))
	return err
}
