package sqlsource_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/cmd/internal/sqlsource"
	"github.com/gatedrill/gatedrill/proxy"
)

const secret = "sk-test-0123456789-abcdef"

func seal(letter string) []byte { return []byte(strings.Repeat(letter, sqlsource.MinSeal)) }

func open(t *testing.T, cfg sqlsource.Config) *sqlsource.DB {
	t.Helper()
	db, err := sqlsource.Open(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

func alpha(keys ...string) proxy.Provider {
	return proxy.Provider{Name: "alpha", Type: "openai", BaseURL: "https://alpha.invalid/v1", Keys: keys}
}

// put makes the database hold these providers.
func put(t *testing.T, db *sqlsource.DB, providers ...proxy.Provider) []sqlsource.Row {
	t.Helper()
	rows, err := db.Edit(t.Context(), func([]sqlsource.Row) (rows []sqlsource.Row, err error) {
		for _, p := range providers {
			rows = append(rows, sqlsource.Row{Provider: p})
		}
		return rows, nil
	})
	require.NoError(t, err)
	return rows
}

func TestRowsComeBackAsTheyWere(t *testing.T) {
	for _, cfg := range []sqlsource.Config{{}, {Seal: seal("s")}} {
		cfg.Path = filepath.Join(t.TempDir(), "a b?c#d%20é.db")
		db := open(t, cfg)
		got, err := db.Providers(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []proxy.Provider{}, got)
		want := []proxy.Provider{
			alpha("k1", "k0"),
			{Name: "no keys", Type: "anthropic", BaseURL: "https://b.invalid"},
			{Name: "empty list", Type: "", BaseURL: " ", Keys: []string{}, Disabled: true},
			{Name: `"';--é`, Type: "copilot", BaseURL: "https://c.invalid", Keys: []string{"<&>", "", "é\x00", "k1"}},
		}
		put(t, db, want...)
		got, err = open(t, cfg).Providers(t.Context())
		require.NoError(t, err)
		assert.Equal(t, want, got)
		// At rest there is one file, which only its owner may read.
		files, err := os.ReadDir(filepath.Dir(cfg.Path))
		require.NoError(t, err)
		require.Len(t, files, 1)
		info, err := files[0].Info()
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode())
	}
}

func TestEditsAreWholeAndVersioned(t *testing.T) {
	db := open(t, sqlsource.Config{Path: filepath.Join(t.TempDir(), "p.db")})
	b := proxy.Provider{Name: "beta", Type: "openai", BaseURL: "https://beta.invalid"}
	first := put(t, db, alpha("k0"), b)

	swapped, err := db.Edit(t.Context(), func(rows []sqlsource.Row) ([]sqlsource.Row, error) {
		rows[0].Name, rows[1].Name = rows[1].Name, rows[0].Name
		return rows, nil
	})
	require.NoError(t, err, "two rows may swap their names")
	assert.Equal(t, []int64{first[0].ID, first[1].ID}, []int64{swapped[0].ID, swapped[1].ID})
	assert.Greater(t, swapped[0].Version, first[1].Version)

	turned, err := db.Edit(t.Context(), func(rows []sqlsource.Row) ([]sqlsource.Row, error) {
		return []sqlsource.Row{rows[1], rows[0]}, nil
	})
	require.NoError(t, err)
	assert.Equal(t, []sqlsource.Row{swapped[1], swapped[0]}, turned, "another place is no other version")
	stored, err := db.Rows(t.Context())
	require.NoError(t, err)
	assert.Equal(t, turned, stored)

	refusal := errors.New("no")
	_, err = db.Edit(t.Context(), func([]sqlsource.Row) ([]sqlsource.Row, error) { return nil, refusal })
	assert.Equal(t, refusal, err)
	_, err = db.Edit(t.Context(), func(rows []sqlsource.Row) ([]sqlsource.Row, error) {
		return []sqlsource.Row{rows[0], {Provider: rows[0].Provider}}, nil
	})
	assert.ErrorContains(t, err, "UNIQUE", "one row of a name")
	_, err = db.Edit(t.Context(), func(rows []sqlsource.Row) ([]sqlsource.Row, error) { return []sqlsource.Row{rows[0], rows[0]}, nil })
	assert.ErrorContains(t, err, "not given")
	stored, err = db.Rows(t.Context())
	require.NoError(t, err)
	assert.Equal(t, turned, stored, "nothing of a refused edit is written")

	again := put(t, db, alpha("k0"))
	assert.Greater(t, again[0].Version, swapped[1].Version, "a row that comes back has a version that none had")
}

func TestSealedKeysAreNotInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.db")
	onDisk := func() string {
		files, err := filepath.Glob(path + "*")
		require.NoError(t, err)
		var all strings.Builder
		for _, name := range files {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			all.Write(text)
		}
		return all.String()
	}
	put(t, open(t, sqlsource.Config{Path: path}), alpha(secret))
	require.Contains(t, onDisk(), secret, "plain, and seen by this test")

	sealed := open(t, sqlsource.Config{Path: path, Seal: seal("s")})
	assert.NotContains(t, onDisk(), secret, "opening with a secret seals what is there")
	put(t, sealed, alpha(secret, "sk-another-secret"))
	assert.NotContains(t, onDisk(), "sk-another-secret")
	got, err := sealed.Providers(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []proxy.Provider{alpha(secret, "sk-another-secret")}, got)

	for _, wrong := range [][]byte{nil, seal("t")} {
		_, err := sqlsource.Open(t.Context(), sqlsource.Config{Path: path, Seal: wrong})
		assert.ErrorIs(t, err, sqlsource.ErrSealed)
	}
	// Keys cannot be moved to another row, whose upstream would get them.
	raw, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer func() { _ = raw.Close() }()
	_, err = raw.Exec("UPDATE providers SET id = id + 100")
	require.NoError(t, err)
	_, err = sealed.Providers(t.Context())
	assert.ErrorContains(t, err, "cannot be read")
}

func TestWhatIsNotOurs(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		require.NoError(t, os.Chmod(path, mode))
		return path
	}
	sqlite := func(name, script string) string {
		path := file(name, "", 0o600)
		raw, err := sql.Open("sqlite", path)
		require.NoError(t, err)
		defer func() { _ = raw.Close() }()
		_, err = raw.Exec(script)
		require.NoError(t, err)
		return path
	}
	for _, test := range []struct {
		path string
		want error
	}{
		{file("text", strings.Repeat("this is no database ", 100), 0o600), sqlsource.ErrForeign},
		{sqlite("foreign", "CREATE TABLE t (a)"), sqlsource.ErrForeign},
		{sqlite("newer", "PRAGMA application_id = 1195668073; PRAGMA user_version = 99"), sqlsource.ErrNewer},
		{file("open", "", 0o640), sqlsource.ErrExposed},
		{filepath.Join(dir, "no", "folder"), os.ErrNotExist},
		{dir, sqlsource.ErrForeign},
		{"", sqlsource.ErrConfig},
	} {
		before, _ := os.ReadFile(test.path)
		_, err := sqlsource.Open(t.Context(), sqlsource.Config{Path: test.path})
		if assert.ErrorIs(t, err, test.want, "%s", test.path) {
			assert.ErrorContains(t, err, test.path)
		}
		after, _ := os.ReadFile(test.path)
		assert.Equal(t, before, after, "%s: looked at, not touched", test.path)
	}
	_, err := sqlsource.Open(t.Context(), sqlsource.Config{Path: "x", Seal: []byte("short-secret")})
	assert.ErrorContains(t, err, "Seal: 12 bytes")
	assert.NotContains(t, err.Error(), "short-secret")
	open(t, sqlsource.Config{Path: file("sealed", "", 0o640), Seal: seal("s")})
}

// What happens to the file while the process runs is the source's failure, and over when
// the file is in order again.
func TestTheFileFailsAndHeals(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.db")
	db := open(t, sqlsource.Config{Path: path})
	put(t, db, alpha(secret))
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	fails := func(what string) {
		t.Helper()
		_, err := db.Providers(t.Context())
		require.Error(t, err, what)
		assert.Contains(t, err.Error(), path, what)
		assert.NotContains(t, err.Error(), secret, what)
		_, err = db.Edit(t.Context(), func(rows []sqlsource.Row) ([]sqlsource.Row, error) { return rows, nil })
		assert.Error(t, err, what)
	}
	heals := func(what string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, good, 0o600))
		got, err := db.Providers(t.Context())
		require.NoError(t, err, what)
		assert.Equal(t, []proxy.Provider{alpha(secret)}, got, what)
	}
	require.NoError(t, os.Remove(path))
	fails("deleted")
	assert.NoFileExists(t, path, "no empty one in its place")
	heals("deleted")

	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat(secret, 1000)), 0o600))
	fails("overwritten")
	heals("overwritten")

	require.NoError(t, os.WriteFile(path, good[:4096], 0o600))
	fails("cut off")
	heals("cut off")

	torn := append([]byte(nil), good...)
	for i := 4096; i < len(torn); i++ {
		torn[i] = 0xa5
	}
	require.NoError(t, os.WriteFile(path, torn, 0o600))
	fails("damaged")
	heals("damaged")
}

// hold keeps the file for itself until it is let go of.
func hold(t *testing.T, path string) (release func()) {
	t.Helper()
	raw, err := sql.Open("sqlite", path+"?_pragma=locking_mode(EXCLUSIVE)&_txlock=exclusive")
	require.NoError(t, err)
	raw.SetMaxOpenConns(1)
	tx, err := raw.Begin()
	require.NoError(t, err)
	return func() {
		_ = tx.Rollback()
		_ = raw.Close()
	}
}

func TestLocks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.db")
	db := open(t, sqlsource.Config{Path: path, Busy: -1})
	put(t, db, alpha(secret))
	release := hold(t, path)
	_, err := db.Providers(t.Context())
	assert.ErrorIs(t, err, sqlsource.ErrLocked)
	_, err = db.Edit(t.Context(), func(rows []sqlsource.Row) ([]sqlsource.Row, error) { return rows, nil })
	assert.ErrorIs(t, err, sqlsource.ErrLocked)
	assert.NotContains(t, err.Error(), secret)
	release()
	_, err = db.Providers(t.Context())
	assert.NoError(t, err)

	// Who reads waits for no writer.
	_, err = db.Edit(t.Context(), func([]sqlsource.Row) ([]sqlsource.Row, error) {
		got, err := db.Providers(t.Context())
		assert.Equal(t, []proxy.Provider{alpha(secret)}, got)
		return nil, err
	})
	assert.NoError(t, err)
}

// A wait for a lock ends with the context, not with the patience for locks.
func TestTheContextEndsAWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.db")
	db := open(t, sqlsource.Config{Path: path, Busy: 20 * time.Second})
	defer hold(t, path)()
	over := errors.New("over")
	for _, wait := range []func(context.Context) error{
		func(ctx context.Context) error { _, err := db.Providers(ctx); return err },
		func(ctx context.Context) error {
			_, err := db.Edit(ctx, func(rows []sqlsource.Row) ([]sqlsource.Row, error) { return rows, nil })
			return err
		},
	} {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 30*time.Millisecond, over)
		assert.ErrorIs(t, wait(ctx), over)
		cancel()
		assert.ErrorIs(t, wait(ctx), over, "over already")
	}
}
