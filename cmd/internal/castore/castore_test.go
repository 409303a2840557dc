package castore_test

import (
	"crypto/x509"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/cmd/internal/castore"
)

// openDir makes this binary a process that opens a store, to be killed in between.
const openDir = "GATEDRILL_TEST_OPEN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(openDir); dir != "" {
		if _, err := castore.Open(dir, nil); err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

func TestTheFirstStartMakesAndTheNextLoads(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	first, err := castore.Open(dir, nil)
	require.NoError(t, err)
	second, err := castore.Open(dir, nil)
	require.NoError(t, err)

	assert.True(t, first.Made)
	assert.False(t, second.Made)
	assert.Equal(t, first.CA.Certificate().Raw, second.CA.Certificate().Raw)
	assert.Empty(t, castore.Exposed(first.KeyFile))
	public, err := os.ReadFile(first.Path)
	require.NoError(t, err)
	assert.Equal(t, string(first.CA.PEM()), string(public))
	assert.NotContains(t, string(public), "PRIVATE")
	folder, err := os.Stat(dir)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), folder.Mode().Perm())
}

func TestALeafIsOfTheAuthority(t *testing.T) {
	a, err := castore.Open(t.TempDir(), nil)
	require.NoError(t, err)
	leaf, err := a.Leaf([]string{"gateway.invalid", "127.0.0.1", "::1"})
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(a.CA.Certificate())
	for _, name := range []string{"gateway.invalid", "127.0.0.1", "::1"} {
		_, err := leaf.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name})
		assert.NoError(t, err, name)
	}
}

func TestMistakesNameTheFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ca.pem")
	require.NoError(t, os.WriteFile(path, []byte("nonsense"), 0o644))
	_, err := castore.Open(dir, nil)
	assert.ErrorIs(t, err, castore.ErrStore)
	assert.ErrorContains(t, err, path)
	assert.NotEmpty(t, castore.Exposed(path))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "nonsense", string(text), "what cannot be read is never written over")
}

// Any number of first starts at the same time have one authority.
func TestFirstStartsAtTheSameTimeAgree(t *testing.T) {
	for range 20 {
		dir := t.TempDir()
		var all [4]*castore.Authority
		var wg sync.WaitGroup
		for i := range all {
			wg.Go(func() {
				a, err := castore.Open(dir, nil)
				if assert.NoError(t, err) {
					all[i] = a
				}
			})
		}
		wg.Wait()
		made := 0
		for _, a := range all {
			require.NotNil(t, a)
			assert.Equal(t, all[0].CA.Certificate().Raw, a.CA.Certificate().Raw)
			if a.Made {
				made++
			}
		}
		assert.Equal(t, 1, made)
		assert.Equal(t, []string{"ca-cert.pem", "ca.pem"}, names(t, dir), "nothing else is left")
	}
}

// Processes that open a store are killed at random instants, two at a time. The next start
// works, has the authority that anybody else has seen, and clears what was left.
func TestKilledAtAnyInstantTheNextStartWorks(t *testing.T) {
	// How long a whole start takes, so that the instants fall within it.
	began := time.Now()
	require.NoError(t, start(t, t.TempDir()).Wait())
	whole := time.Since(began)

	end := time.Now().Add(3 * time.Second)
	rounds, before, after := 0, 0, 0
	for ; rounds < 200 && time.Now().Before(end); rounds++ {
		dir := t.TempDir()
		a, b := start(t, dir), start(t, dir)
		<-time.After(rand.N(2 * whole)) // not a wait for anything: the instant is the test's input
		_ = a.Process.Kill()
		_ = b.Process.Kill()
		_, _ = a.Wait(), b.Wait()
		seen, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
		if err == nil {
			after++
		} else {
			before++
		}
		first, err := castore.Open(dir, nil)
		require.NoError(t, err, "killed in round %d", rounds)
		assert.Equal(t, len(seen) == 0, first.Made)
		second, err := castore.Open(dir, nil)
		require.NoError(t, err)
		assert.Equal(t, first.CA.Certificate().Raw, second.CA.Certificate().Raw)
		assert.Equal(t, []string{"ca-cert.pem", "ca.pem"}, names(t, dir))
	}
	t.Logf("%d rounds; killed before there was an authority %d times, after %d times", rounds, before, after)
}

func start(t *testing.T, dir string) *exec.Cmd {
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), openDir+"="+dir)
	require.NoError(t, cmd.Start())
	return cmd
}

func names(t *testing.T, dir string) (list []string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}
