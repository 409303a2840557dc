package sqlsource

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// prepareFile makes the file if there is none, before SQLite would with the mode of the
// process's umask. SQLite gives the -wal and -shm files the mode of the database.
func prepareFile(path string, sealed bool) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		return f.Close()
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: it is a %s", ErrForeign, info.Mode().Type())
	case !sealed && info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%w: mode %04o: chmod 600, or seal the keys", ErrExposed, info.Mode().Perm())
	}
	return nil
}

// dsn names the file. With mode=rw a file that is gone is an error, where SQLite's default
// makes an empty database in its place. Nothing in it makes the driver touch the file, see
// connect.
func dsn(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	options := url.Values{"mode": {"rw"}, "_txlock": {"immediate"}, "_defensive": {"1"}, "_error_rc": {"1"}}
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + options.Encode()
}

// connect opens a connection. Its settings are statements and no part of the name, since
// the driver opens without a context: one that waits for a lock there waits on when
// nobody wants it any more. secure_delete overwrites what is deleted, since it may be a key.
func (db *DB) connect(ctx context.Context) (*sql.Conn, error) {
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	for _, pragma := range []string{
		"PRAGMA busy_timeout = " + strconv.FormatInt(max(0, db.busy.Milliseconds()), 10),
		"PRAGMA trusted_schema = 0",
		"PRAGMA synchronous = FULL",
		"PRAGMA secure_delete = 1",
	} {
		if _, err := conn.ExecContext(ctx, pragma); err != nil {
			_ = conn.Close()
			return nil, err
		}
	}
	return conn, nil
}

// failed says what could not be done with which file. What SQLite says names tables and
// columns, never values.
func failed(what, path string, err error) error {
	var fault *sqlite.Error
	if errors.As(err, &fault) {
		switch fault.Code() & 0xff {
		case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
			err = fmt.Errorf("%w: %w", ErrLocked, err)
		case lib.SQLITE_NOTADB:
			err = fmt.Errorf("%w: %w", ErrForeign, err)
		}
	}
	return fmt.Errorf("sqlsource: %s %s: %w", what, path, err)
}
