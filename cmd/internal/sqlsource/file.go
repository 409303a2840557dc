package sqlsource

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

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

// dsn names the file and what each connection begins with. With mode=rw a file that is
// gone is an error, where SQLite's default makes an empty database in its place.
// secure_delete overwrites what is deleted, since it may be a key.
func dsn(path string, busy time.Duration) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	options := url.Values{
		"mode":          {"rw"},
		"_txlock":       {"immediate"},
		"_busy_timeout": {strconv.FormatInt(max(0, busy.Milliseconds()), 10)},
		"_synchronous":  {"FULL"},
		"_defensive":    {"1"},
		"_error_rc":     {"1"},
		"_pragma":       {"secure_delete(1)", "trusted_schema(0)"},
	}
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + options.Encode()
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
