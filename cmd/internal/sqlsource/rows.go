package sqlsource

import (
	"context"
	"database/sql"
	"errors"

	"github.com/gatedrill/gatedrill/proxy"
)

// Row is a provider as it is stored.
type Row struct {
	// ID is the row's for as long as it lives, whatever its name; 0 in a row that is new.
	ID int64
	// Version is another after each change of the provider (not of its place in the
	// order), and no row ever has one that another row had.
	Version int64
	proxy.Provider
}

// Providers returns the providers in their order, out of one read transaction. It is
// proxy.Source's.
func (db *DB) Providers(ctx context.Context) ([]proxy.Provider, error) {
	rows, err := db.Rows(ctx)
	if err != nil {
		return nil, err
	}
	providers := make([]proxy.Provider, len(rows))
	for i, r := range rows {
		providers[i] = r.Provider
	}
	return providers, nil
}

// Rows returns the rows in their order, out of one read transaction.
func (db *DB) Rows(ctx context.Context) ([]Row, error) {
	var rows []Row
	err := db.transact(ctx, &sql.TxOptions{ReadOnly: true}, func(tx *sql.Tx, v vault) (err error) {
		rows, err = readRows(ctx, tx, v)
		return err
	})
	if err != nil {
		return nil, failed("read", db.path, err)
	}
	return rows, nil
}

// transact runs f in a transaction on a connection of its own, and commits when f returns
// nil.
func (db *DB) transact(ctx context.Context, options *sql.TxOptions, f func(*sql.Tx, vault) error) error {
	conn, err := db.connect(ctx)
	if err != nil {
		return cause(ctx, err)
	}
	defer func() { _ = conn.Close() }()
	tx, err := conn.BeginTx(ctx, options)
	if err != nil {
		return cause(ctx, err)
	}
	defer func() { _ = tx.Rollback() }()
	version, err := schemaVersion(ctx, tx, len(migrations))
	if err == nil && version < len(migrations) {
		// Somebody has put an older file here since Open.
		err = errors.New("the database has an older schema: restart to migrate it")
	}
	if err != nil {
		return cause(ctx, err)
	}
	v, err := db.openVault(ctx, tx)
	if err == nil {
		err = f(tx, v)
	}
	if err == nil {
		err = tx.Commit()
	}
	return cause(ctx, err)
}

// cause is why the context ended, when it has: the driver says "interrupted" then.
func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func readRows(ctx context.Context, q querier, v vault) ([]Row, error) {
	found, err := q.QueryContext(ctx, "SELECT id, version, name, type, base_url, disabled, keys FROM providers ORDER BY position, id")
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }()
	rows := []Row{}
	for found.Next() {
		var r Row
		var stored []byte
		if err := found.Scan(&r.ID, &r.Version, &r.Name, &r.Type, &r.BaseURL, &r.Disabled, &stored); err != nil {
			return nil, err
		}
		if r.Keys, err = v.load(r.ID, stored); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, found.Err()
}
