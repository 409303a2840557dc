package sqlsource_test

import (
	"database/sql"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/cmd/internal/sqlsource"
	"github.com/gatedrill/gatedrill/proxy"
)

func TestAnOlderFileIsMigrated(t *testing.T) {
	cfg := sqlsource.Config{Path: filepath.Join(t.TempDir(), "p.db")}
	past, err := sqlsource.OpenPast(t.Context(), cfg, 1)
	require.NoError(t, err)
	_, err = past.Providers(t.Context())
	assert.ErrorContains(t, err, "older schema")
	require.NoError(t, past.Close())
	raw, err := sql.Open("sqlite", cfg.Path)
	require.NoError(t, err)
	defer func() { _ = raw.Close() }()
	_, err = raw.Exec(`INSERT INTO providers VALUES (3, 0, 7, 'alpha', 'openai', 'https://alpha.invalid/v1', 0, CAST('["k0"]' AS BLOB));
		UPDATE state SET counter = 7`)
	require.NoError(t, err)

	db := open(t, cfg)
	rows, err := db.Rows(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []sqlsource.Row{{ID: 3, Version: 7, Provider: alpha("k0")}}, rows)
	var version int
	require.NoError(t, raw.QueryRow("PRAGMA user_version").Scan(&version))
	assert.Equal(t, 2, version)
	assert.Greater(t, put(t, db, alpha("k1"))[0].Version, int64(7))
}

// Several processes may start, and edit, at once.
func TestManyOpenAndEditAtOnce(t *testing.T) {
	cfg := sqlsource.Config{Path: filepath.Join(t.TempDir(), "p.db"), Seal: seal("s")}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			db, err := sqlsource.Open(t.Context(), cfg)
			if !assert.NoError(t, err) {
				return
			}
			defer func() { _ = db.Close() }()
			_, err = db.Edit(t.Context(), func(rows []sqlsource.Row) ([]sqlsource.Row, error) {
				p := proxy.Provider{Name: string(rune('a' + i)), Type: "openai", Keys: []string{"k"}}
				return append(rows, sqlsource.Row{Provider: p}), nil
			})
			assert.NoError(t, err)
		})
	}
	all.Wait()
	rows, err := open(t, cfg).Rows(t.Context())
	require.NoError(t, err)
	assert.Len(t, rows, 8, "no edit is lost")
	for i, r := range rows {
		assert.Equal(t, int64(i+1), r.Version)
	}
}
