package sqlsource_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/cmd/internal/sqlsource"
	"github.com/gatedrill/gatedrill/proxy"
)

// editsOf names the database that the process edits until it is killed.
const editsOf = "SQLSOURCE_TEST_EDITS_OF"

func TestMain(m *testing.M) {
	if path := os.Getenv(editsOf); path != "" {
		fmt.Println(editForever(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// generation is what the file holds after n edits: always the same rows, every one of
// which says n, in an order that depends on it.
func generation(n int) []proxy.Provider {
	rows := make([]proxy.Provider, 8)
	for i := range rows {
		rows[(i+n)%len(rows)] = proxy.Provider{
			Name: fmt.Sprintf("p%d", i), Type: "openai", BaseURL: fmt.Sprintf("https://p%d.invalid/%d", i, n),
			Keys: []string{fmt.Sprintf("key-%d-%d", i, n)},
		}
	}
	return rows
}

// editForever goes on from the generation that it finds, and prints each one that is
// stored.
func editForever(path string) error {
	ctx := context.Background()
	db, err := sqlsource.Open(ctx, sqlsource.Config{Path: path, Seal: seal("s")})
	if err != nil {
		return err
	}
	for {
		n := 0
		_, err := db.Edit(ctx, func(rows []sqlsource.Row) ([]sqlsource.Row, error) {
			ids := map[string]int64{}
			for _, r := range rows {
				ids[r.Name] = r.ID
			}
			if len(rows) > 0 {
				_, _ = fmt.Sscanf(rows[0].BaseURL, "https://p%d.invalid/%d", new(int), &n)
			}
			n++
			after := make([]sqlsource.Row, 0, 8)
			for _, p := range generation(n) {
				after = append(after, sqlsource.Row{ID: ids[p.Name], Provider: p})
			}
			return after, nil
		})
		if err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// Whatever instant a process dies at, the next one finds the last edit that was
// acknowledged or the one after it, as a whole.
func TestKilledWhileWriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.db")
	random := rand.New(rand.NewPCG(1, 2))
	acknowledged := 0
	for round := range 40 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), editsOf+"="+path)
		out, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		lines := bufio.NewScanner(out)
		for range random.IntN(8) {
			if !lines.Scan() {
				break
			}
			acknowledged = number(t, lines.Text())
		}
		for range random.IntN(40_000) { // somewhere in the next edit
			runtime.Gosched()
		}
		require.NoError(t, child.Process.Kill())
		for lines.Scan() { // acknowledged meanwhile
			acknowledged = number(t, lines.Text())
		}
		_ = child.Wait()

		db, err := sqlsource.Open(t.Context(), sqlsource.Config{Path: path, Seal: seal("s")})
		require.NoError(t, err, "round %d", round)
		got, err := db.Providers(t.Context())
		require.NoError(t, err)
		require.NoError(t, db.Close())
		found := generationOf(t, got)
		assert.Contains(t, []int{acknowledged, acknowledged + 1}, found, "round %d", round)
		if found > 0 {
			assert.Equal(t, generation(found), got, "round %d: nothing of another edit", round)
		}
		acknowledged = found
		checkIntegrity(t, path)
	}
	assert.Positive(t, acknowledged, "children did edit")
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	require.NoError(t, err, "the child says %s", text)
	return n
}

func generationOf(t *testing.T, rows []proxy.Provider) (n int) {
	t.Helper()
	if len(rows) == 0 {
		return 0
	}
	var i, j int
	_, err := fmt.Sscanf(rows[0].BaseURL, "https://p%d.invalid/%d", &i, &j)
	require.NoError(t, err)
	return j
}

func checkIntegrity(t *testing.T, path string) {
	t.Helper()
	raw, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer func() { _ = raw.Close() }()
	var verdict string
	require.NoError(t, raw.QueryRow("PRAGMA integrity_check").Scan(&verdict))
	assert.Equal(t, "ok", verdict)
}
