package sqlsource

import (
	"context"
	"database/sql"
	"fmt"
)

// applicationID marks the file as ours, in its header ("GDri").
const applicationID = 0x47447269

// migrations bring a file from one version, which is in its header as user_version, to
// the next. They are never edited, only added to.
var migrations = []string{
	// 1: the rows, and the counter from which their versions come. Names are unique,
	// because the API addresses rows by them.
	`CREATE TABLE providers (
		id       INTEGER PRIMARY KEY,
		position INTEGER NOT NULL,
		version  INTEGER NOT NULL,
		name     TEXT    NOT NULL UNIQUE,
		type     TEXT    NOT NULL,
		base_url TEXT    NOT NULL,
		disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
		keys     BLOB -- a JSON list of strings; NULL: clients bring their own
	) STRICT;
	CREATE TABLE state (
		id      INTEGER PRIMARY KEY CHECK (id = 1),
		counter INTEGER NOT NULL
	) STRICT;
	INSERT INTO state (id, counter) VALUES (1, 0);`,
	// 2: sealed keys. With a salt, providers.keys is a nonce and an AES-GCM ciphertext.
	`ALTER TABLE state ADD COLUMN salt BLOB;
	ALTER TABLE state ADD COLUMN proof BLOB;`,
}

// querier is a connection or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// schemaVersion is the version of a file of ours, 0 of one that is empty.
func schemaVersion(ctx context.Context, q querier, newest int) (int, error) {
	var id, version, tables int
	for _, header := range []struct {
		query string
		value *int
	}{
		{"PRAGMA application_id", &id},
		{"PRAGMA user_version", &version},
		{"SELECT count(*) FROM sqlite_schema", &tables},
	} {
		if err := q.QueryRowContext(ctx, header.query).Scan(header.value); err != nil {
			return 0, err
		}
	}
	switch {
	case id == 0 && version == 0 && tables == 0:
		return 0, nil
	case id != applicationID:
		return 0, ErrForeign
	case version > newest:
		return 0, fmt.Errorf("%w: it has schema %d, this one knows %d", ErrNewer, version, newest)
	}
	return version, nil
}

// migrate does all steps in one transaction. Another process may be at it as well, so the
// version is read inside.
func migrate(ctx context.Context, conn *sql.Conn, steps []string) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	version, err := schemaVersion(ctx, tx, len(steps))
	if err != nil || version == len(steps) {
		return err
	}
	for i := version; i < len(steps); i++ {
		if _, err := tx.ExecContext(ctx, steps[i]); err != nil {
			return fmt.Errorf("migrate to schema %d: %w", i+1, err)
		}
	}
	header := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(steps))
	if _, err := tx.ExecContext(ctx, header); err != nil {
		return err
	}
	return tx.Commit()
}
