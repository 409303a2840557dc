package daemon_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// generations is an upstream whose base URL has a number in it, which it answers with.
func generations(t *testing.T) *httptest.Server {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		generation, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/g"), "/")
		_, _ = fmt.Fprintf(w, "generation=%s key=%s", generation, r.Header.Get("Authorization"))
	}))
	t.Cleanup(srv.Close)
	return srv
}

func generation(srv *httptest.Server, n int) string {
	return fmt.Sprintf("tokens: [%s]\nproviders:\n  - {name: alpha, type: openai, base_url: '%s/g%d', keys: [key-%d]}\n", someToken, srv.URL, n, n)
}

// served is the generation that a request meets.
func (p *process) served() int {
	p.t.Helper()
	status, body := p.ask("alpha", "/v1/models", someToken)
	assert.Equal(p.t, http.StatusOK, status, body)
	_, text, _ := strings.Cut(body, "generation=")
	text, key, _ := strings.Cut(text, " key=Bearer key-")
	assert.Equal(p.t, text, key, "a row is whole")
	n, err := strconv.Atoi(text)
	assert.NoError(p.t, err, body)
	return n
}

// A thousand edits as fast as the disk takes them, most of them damage of all sorts: every
// request is served, by a state that was good, never an older one than before, and once
// a good one stays, by that one, whatever damage comes after it.
func TestAThousandEditsAtSpeed(t *testing.T) {
	const seed, edits, every, damaged = 1, 1000, 100, 25
	srv := generations(t)
	p := begin(t, generation(srv, 0), nil)
	random := rand.New(rand.NewPCG(seed, seed))
	good, asked, held := 0, 0, 0
	var wasGood [edits + 1]atomic.Bool
	wasGood[0].Store(true)
	// Clients come all the while.
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		last := 0
		for {
			select {
			case <-stop:
				return
			default:
			}
			n := p.served()
			assert.GreaterOrEqual(t, n, last)
			assert.True(t, n <= edits && wasGood[max(n, 0)].Load(), "generation %d was damage, or is still to come", n)
			last = n
			asked++
		}
	}()
	for i := 1; i <= edits; i++ {
		switch {
		case i%every == 0 || i%every > damaged && random.IntN(4) == 0:
			good = i
			wasGood[i].Store(true)
			p.put(random.IntN(3), listen+generation(srv, i))
		default:
			p.damage(random, generation(srv, i))
			if i > every && i%every <= damaged { // the last good one has been seen, so nothing else may be
				assert.Equal(t, good, p.served(), "after edit %d", i)
				held++
			}
		}
		if i%every == 0 {
			for from := p.log.len(); p.served() != good; from = p.log.len() {
				p.log.await(t, from, "providers reloaded") // which comes after what was served
			}
		}
	}
	// Damage that stays: what was good is served on, and the reason is told.
	from := p.log.len()
	p.put(0, "providers: [\n")
	p.log.await(t, from, "reload failed")
	assert.Equal(t, good, p.served())
	close(stop)
	<-ended
	assert.Greater(t, asked, 0)
	assert.Equal(t, (edits/every-1)*damaged, held)
	t.Logf("seed %d: %d requests meanwhile", seed, asked)
}

// put writes a file in one of the ways in which files are written.
func (p *process) put(way int, text string) {
	p.t.Helper()
	switch way {
	case 0: // rename, as most editors and configuration management do
		p.replace(p.file, text)
	case 1: // truncate and write
		require.NoError(p.t, os.WriteFile(p.file, []byte(text), 0o600))
	case 2: // remove, then make
		_ = os.Remove(p.file)
		require.NoError(p.t, os.WriteFile(p.file, []byte(text), 0o600))
	}
}

// damage leaves a file that nothing should be taken from.
func (p *process) damage(random *rand.Rand, text string) {
	p.t.Helper()
	switch random.IntN(7) {
	case 0:
		p.put(random.IntN(3), "")
	case 1: // half of it, and then something else
		p.put(random.IntN(3), text[:random.IntN(len(text))]+"\n\t: [")
	case 2:
		p.put(random.IntN(3), text+"\nnonsense: true\n")
	case 3:
		p.put(random.IntN(3), strings.Replace(text, "key-", "env:NOT_SET_", 1))
	case 4:
		_ = os.Remove(p.file)
	case 5:
		_ = os.Remove(p.file)
		require.NoError(p.t, os.Symlink("nowhere", p.file))
		require.NoError(p.t, os.Remove(p.file))
	case 6:
		noise := make([]byte, 100)
		for i := range noise {
			noise[i] = byte(random.Uint32())
		}
		p.put(random.IntN(3), "\x00"+string(noise))
	}
}

// A broken file changes nothing, and is told of in the log, on /providers and in the
// metrics; the next good one applies.
func TestABrokenFileIsToldOf(t *testing.T) {
	srv := generations(t)
	p := begin(t, generation(srv, 1), nil)
	from := p.log.len()
	p.write("providers:\n  - {name: alpha, typ: openai, base_url: 'http://127.0.0.1:1'}\n")
	p.log.await(t, from, "there is no setting typ; did you mean type?")
	assert.Equal(t, 1, p.served())
	_, page := p.page("GET", "/providers", "")
	assert.Contains(t, page, "gatedrill.yaml:3:19: providers[0]: there is no setting typ; did you mean type?")
	status, page := p.page("POST", "/reload", "")
	assert.Equal(t, http.StatusBadGateway, status)
	assert.Contains(t, page, "refresh ai providers for proxy routing")
	_, before := p.page("GET", "/metrics", "")
	assert.NotEqual(t, metric(before, "last_reload_timestamp"), metric(before, "last_reload_success_timestamp"))

	p.write(generation(srv, 2))
	p.log.await(t, p.log.len(), "providers reloaded")
	assert.Equal(t, 2, p.served())
}

func metric(page, part string) string {
	for line := range strings.Lines(page) {
		if name, value, ok := strings.Cut(line, " "); ok && name[0] != '#' && strings.Contains(name, part+"_seconds") {
			return value
		}
	}
	return "none"
}

// What is only seen by its own file: a key, and Kubernetes' way of swapping a folder.
func TestKeysInFilesAreReadAgain(t *testing.T) {
	srv := generations(t)
	mount := t.TempDir()
	secret := func(version, key string) {
		require.NoError(t, os.Mkdir(filepath.Join(mount, version), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(mount, version, "key"), []byte(key+"\n"), 0o600))
		require.NoError(t, os.Symlink(version, filepath.Join(mount, "..data_tmp")))
		require.NoError(t, os.Rename(filepath.Join(mount, "..data_tmp"), filepath.Join(mount, "..data")))
	}
	secret("..v1", "key-1")
	require.NoError(t, os.Symlink("..data/key", filepath.Join(mount, "key")))
	text := strings.ReplaceAll(generation(srv, 1), "[key-1]", "['file:"+filepath.Join(mount, "key")+"']")
	p := begin(t, text, nil)
	_, body := p.ask("alpha", "/v1/models", someToken)
	assert.Contains(t, body, "key=Bearer key-1")

	from := p.log.len()
	secret("..v2", "key-2")
	p.log.await(t, from, "providers reloaded")
	_, body = p.ask("alpha", "/v1/models", someToken)
	assert.Contains(t, body, "key=Bearer key-2")

	from = p.log.len()
	require.NoError(t, os.WriteFile(filepath.Join(mount, "..v2", "key"), []byte("key-3"), 0o600))
	p.log.await(t, from, "providers reloaded")
	_, body = p.ask("alpha", "/v1/models", someToken)
	assert.Contains(t, body, "key=Bearer key-3")
}

// SIGHUP and POST /reload read again what no watch can see.
func TestReloadsThatAreAskedFor(t *testing.T) {
	srv := generations(t)
	env := map[string]string{}
	p := begin(t, generation(srv, 1), env)
	from := p.log.len()
	p.signals <- syscall.SIGHUP
	p.log.await(t, from, "providers reloaded")
	status, page := p.page("POST", "/reload", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, `"alpha"`)
}

// A setting that waits for a restart is said to.
func TestSettingsThatWaitForARestart(t *testing.T) {
	srv := generations(t)
	p := begin(t, generation(srv, 1), nil)
	from := p.log.len()
	p.write(generation(srv, 2) + "tunnel: deny\ntimeouts: {dial: 1s}\n")
	p.log.await(t, from, `settings="tunnel, timeouts"`)
	p.log.await(t, from, "providers reloaded")
	assert.Equal(t, 2, p.served(), "the providers apply all the same")
}

// One bad row is excluded, its neighbour routes, and the log says where it stands.
func TestABadRowIsExcluded(t *testing.T) {
	srv := generations(t)
	p := begin(t, generation(srv, 1), nil)
	from := p.log.len()
	p.write(generation(srv, 2) + "  - {name: beta, type: openai, base_url: 'ftp://beta.invalid'}\n")
	p.log.await(t, from, `gatedrill.yaml:5:42: providers[1].base_url: unsupported scheme`)
	p.log.await(t, from, "providers reloaded")
	assert.Equal(t, 2, p.served())
}
