// Package sqlsource keeps providers in a SQLite file: a proxy.Source, and the edits that
// administrators make.
//
//	proxy.Server.Reload ──▶ Providers ──┐ one read transaction
//	providersapi ──────────▶ Rows ──────┤
//	             ──────────▶ Edit ──────┴▶ providers.db (+ -wal and -shm while in use)
//	                          one write transaction: all rows in, all rows out
//
// SQLite is the pure Go translation of it, so that the command stays one static binary.
// The file is in WAL mode with synchronous=FULL: an edit that has returned survives a kill
// and a power cut, one that has not is there as a whole or not at all, and readers wait
// for no writer. Connections are opened for each operation and closed after it: a file that
// was replaced by a backup is the one that the next operation sees, one that was deleted is
// an error and not a ghost, and at rest there is a single file, which cp copies.
//
// A file that is locked, damaged, missing or of a newer gatedrill is an error that names
// the file, and never holds a key. To the gateway that is a source that fails: what is live
// stays live.
package sqlsource

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// DefaultBusy is how long an operation waits for a lock that another process holds.
const DefaultBusy = 5 * time.Second

// MinSeal is the shortest Config.Seal, in bytes. It is a key, not a password: nothing
// slows down whoever guesses.
const MinSeal = 32

// Config says where the database is. Only Path is required.
type Config struct {
	// Path is the file. One that is not there is made, with mode 0600; its folder is not.
	Path string
	// Seal is the secret under which keys are stored, at least MinSeal random bytes. Empty:
	// they are stored as they are, in a file that only its owner may read. A file that is
	// plain becomes sealed when it is opened with a secret; there is no way back.
	Seal []byte
	// Busy is how long an operation waits for another process's lock, to the millisecond;
	// zero: DefaultBusy; negative: not at all.
	Busy time.Duration
}

// DB is an open database. It is safe for concurrent use, also by several processes.
type DB struct {
	path string
	seal []byte
	busy time.Duration
	pool *sql.DB
}

// Errors that callers tell apart. They come with the operation and the file, but for
// ErrConfig, which has the field.
var (
	// ErrConfig is a Config that cannot be used.
	ErrConfig = errors.New("sqlsource: invalid configuration")
	// ErrLocked is a lock that another process or operation held for longer than
	// Config.Busy.
	ErrLocked = errors.New("the database is locked")
	// ErrForeign is a file that holds something else.
	ErrForeign = errors.New("the file is no database of gatedrill's")
	// ErrNewer is a file that a newer gatedrill has migrated.
	ErrNewer = errors.New("the database was made by a newer gatedrill")
	// ErrSealed is a Config.Seal that does not fit the file.
	ErrSealed = errors.New("the keys cannot be unsealed")
	// ErrExposed is a file with plain keys that others than its owner may read.
	ErrExposed = errors.New("others than its owner may read the file")
)

// Open opens the database, makes it when there is none, and brings its schema up to
// date. Every mistake in cfg is reported, joined.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	return open(ctx, cfg, migrations)
}

func open(ctx context.Context, cfg Config, steps []string) (*DB, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	if err := prepareFile(cfg.Path, len(cfg.Seal) > 0); err != nil {
		return nil, failed("open", cfg.Path, err)
	}
	pool, err := sql.Open("sqlite", dsn(cfg.Path))
	if err != nil {
		return nil, failed("open", cfg.Path, err)
	}
	pool.SetMaxIdleConns(0)
	db := &DB{path: cfg.Path, seal: cfg.Seal, busy: cfg.Busy, pool: pool}
	if err := db.start(ctx, steps); err != nil {
		_ = pool.Close()
		return nil, failed("open", cfg.Path, err)
	}
	return db, nil
}

// start looks at the file before it changes anything in it.
func (db *DB) start(ctx context.Context, steps []string) error {
	conn, err := db.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := schemaVersion(ctx, conn, len(steps)); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
		return err
	}
	if err := migrate(ctx, conn, steps); err != nil {
		return err
	}
	if len(steps) < len(migrations) { // a file of the past, for tests
		return nil
	}
	return db.sealAll(ctx, conn)
}

// Close lets go of the file. Operations that are under way end first.
func (db *DB) Close() error { return db.pool.Close() }

func (c *Config) complete() error {
	var faults []error
	if c.Path == "" {
		faults = append(faults, fmt.Errorf("%w: Path: \"\": is required", ErrConfig))
	}
	if n := len(c.Seal); n > 0 && n < MinSeal {
		faults = append(faults, fmt.Errorf("%w: Seal: %d bytes: it has %d or more", ErrConfig, n, MinSeal))
	}
	if c.Busy == 0 {
		c.Busy = DefaultBusy
	}
	return errors.Join(faults...)
}
