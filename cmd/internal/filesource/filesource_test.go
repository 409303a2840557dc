package filesource_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/cmd/internal/config"
	"github.com/gatedrill/gatedrill/cmd/internal/filesource"
)

const patience = 20 * time.Second

func text(name string) string {
	return "providers:\n  - {name: " + name + ", type: openai, base_url: 'https://alpha.invalid'}\n"
}

func open(t *testing.T, path string, c filesource.Config) *filesource.Source {
	t.Helper()
	loaded, err := config.Load(path, config.Options{})
	require.NoError(t, err)
	c.Loaded = loaded
	s := filesource.New(c)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// name is that of the only provider; "" after an error.
func name(s *filesource.Source) string {
	rows, err := s.Providers(context.Background())
	if err != nil || len(rows) != 1 {
		return ""
	}
	return rows[0].Name
}

// await reads the providers at each change, until the right one is there.
func await(t *testing.T, s *filesource.Source, want string) {
	t.Helper()
	limit := time.After(patience)
	for {
		select {
		case <-s.Changed():
			if name(s) == want {
				return
			}
		case <-limit:
			require.FailNow(t, "no change to "+want)
		}
	}
}

// Every way in which files change is noticed, time and again.
func TestChangesAreNoticed(t *testing.T) {
	tests := map[string]struct {
		start func(t *testing.T, dir string) (path string)
		edit  func(t *testing.T, dir, name string)
	}{
		"truncate and write": {plain, func(t *testing.T, dir, name string) { write(t, dir+"/g.yaml", text(name)) }},
		"rename and replace": {plain, func(t *testing.T, dir, name string) {
			write(t, dir+"/.g.swp", text(name))
			require.NoError(t, os.Rename(dir+"/.g.swp", dir+"/g.yaml"))
		}},
		"backup, then write": {plain, func(t *testing.T, dir, name string) {
			require.NoError(t, os.Rename(dir+"/g.yaml", dir+"/g.yaml~"))
			write(t, dir+"/g.yaml", text(name))
		}},
		"remove and make": {plain, func(t *testing.T, dir, name string) {
			require.NoError(t, os.Remove(dir+"/g.yaml"))
			write(t, dir+"/g.yaml", text(name))
		}},
		"kubernetes": {func(t *testing.T, dir string) string {
			swap(t, dir, "first")
			require.NoError(t, os.Symlink("..data/g.yaml", dir+"/g.yaml"))
			return dir + "/g.yaml"
		}, swap},
		"a link into a folder that is swapped": {func(t *testing.T, dir string) string {
			require.NoError(t, os.Mkdir(dir+"/mount", 0o700))
			require.NoError(t, os.Mkdir(dir+"/etc", 0o700))
			swap(t, dir+"/mount", "first")
			require.NoError(t, os.Symlink("../mount/..data/g.yaml", dir+"/etc/g.yaml"))
			return dir + "/etc/g.yaml"
		}, func(t *testing.T, dir, name string) {
			require.NoError(t, os.Mkdir(dir+"/mount/.."+name, 0o700))
			write(t, dir+"/mount/.."+name+"/g.yaml", text(name))
			require.NoError(t, os.Symlink(".."+name, dir+"/mount/..data_tmp"))
			require.NoError(t, os.Rename(dir+"/mount/..data_tmp", dir+"/mount/..data"))
		}},
		"the target of a link elsewhere": {func(t *testing.T, dir string) string {
			require.NoError(t, os.Mkdir(dir+"/real", 0o700))
			write(t, dir+"/real/r.yaml", text("first"))
			require.NoError(t, os.Symlink("real/r.yaml", dir+"/l.yaml"))
			require.NoError(t, os.Mkdir(dir+"/etc", 0o700))
			require.NoError(t, os.Symlink(dir+"/l.yaml", dir+"/etc/g.yaml"))
			return dir + "/etc/g.yaml"
		}, func(t *testing.T, dir, name string) { write(t, dir+"/real/r.yaml", text(name)) }},
	}
	for what, tt := range tests {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := open(t, tt.start(t, dir), filesource.Config{})
			for _, name := range []string{"second", "third", "fourth"} {
				tt.edit(t, dir, name)
				await(t, s, name)
			}
		})
	}
}

func plain(t *testing.T, dir string) string {
	write(t, dir+"/g.yaml", text("first"))
	return dir + "/g.yaml"
}

// swap is what a kubelet does to a mounted ConfigMap or Secret.
func swap(t *testing.T, dir, name string) {
	old, _ := os.Readlink(dir + "/..data")
	require.NoError(t, os.Mkdir(dir+"/.."+name, 0o700))
	write(t, dir+"/.."+name+"/g.yaml", text(name))
	require.NoError(t, os.Symlink(".."+name, dir+"/..data_tmp"))
	require.NoError(t, os.Rename(dir+"/..data_tmp", dir+"/..data"))
	if old != "" {
		require.NoError(t, os.RemoveAll(filepath.Join(dir, old)))
	}
}

// A file system that tells nobody is looked at every so often, and what has the same bytes
// as what was read is no change.
func TestAFileSystemThatTellsNobody(t *testing.T) {
	clock := quartz.NewMock(t)
	trap := clock.Trap().NewTimer("filesource", "quiet")
	defer trap.Close() // an event would wait here: the looks are the clock's
	ticks := clock.Trap().NewTicker("filesource", "look")
	defer ticks.Close()
	path := plain(t, t.TempDir())
	unwatched := func() *filesource.Source {
		loaded, err := config.Load(path, config.Options{})
		require.NoError(t, err)
		s := filesource.New(filesource.Config{Loaded: loaded, Clock: clock, Unwatched: true})
		ticks.MustWait(t.Context()).MustRelease(t.Context())
		return s
	}
	same := unwatched()
	write(t, path, text("first"))
	clock.Advance(30 * time.Second).MustWait(t.Context())
	require.NoError(t, same.Close()) // a look that has begun ends
	assert.Empty(t, same.Changed())

	other := unwatched()
	defer other.Close()
	write(t, path, text("second"))
	clock.Advance(30 * time.Second).MustWait(t.Context())
	await(t, other, "second")
}

// A mistake is an error on one line that has the place, and the next good text applies.
func TestMistakesAreErrors(t *testing.T) {
	path := plain(t, t.TempDir())
	var log bytes.Buffer
	s := open(t, path, filesource.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	write(t, path, "providers:\n  - {name: a}\ntunel: deny\n")
	_, err := s.Providers(context.Background())
	require.ErrorIs(t, err, config.ErrInvalid)
	assert.Equal(t, strings.ReplaceAll("P:2:5: providers[0]: type is missing; P:2:5: providers[0]: base_url is missing; "+
		"P:3:1: there is no setting tunel; did you mean tunnel?", "P", path), err.Error())
	require.NoError(t, os.Remove(path))
	_, err = s.Providers(context.Background())
	require.ErrorIs(t, err, os.ErrNotExist)
	write(t, path, text("second"))
	assert.Equal(t, "second", name(s))
	assert.Equal(t, "file "+path, s.Describe())
}

// A key file that is named for the first time by an edit is watched from then on.
func TestNewKeyFilesAreWatched(t *testing.T) {
	dir := t.TempDir()
	path := plain(t, dir)
	s := open(t, path, filesource.Config{})
	keys := filepath.Join(t.TempDir(), "key")
	write(t, path, "providers:\n  - {name: a, type: openai, base_url: 'https://a.invalid', keys: ['file:"+keys+"']}\n")
	<-s.Changed()
	_, err := s.Providers(context.Background())
	require.ErrorContains(t, err, "the file cannot be read")
	write(t, keys, "one")
	await(t, s, "a")
	write(t, keys, "two")
	await(t, s, "a")
}
