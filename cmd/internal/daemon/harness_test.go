package daemon_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/cmd/internal/castore"
	"github.com/gatedrill/gatedrill/cmd/internal/config"
	"github.com/gatedrill/gatedrill/cmd/internal/daemon"
	"github.com/gatedrill/gatedrill/cmd/internal/filesource"
	"github.com/gatedrill/gatedrill/fakeupstream"
)

// patience bounds every wait for something that must happen.
const patience = 20 * time.Second

// process is a gateway as `gatedrill serve` runs it, in this process.
type process struct {
	t       *testing.T
	dir     string
	file    string
	on      daemon.Listen
	log     *buffer
	states  chan string
	signals chan os.Signal
	ended   chan error
	ca      string
}

// buffer is a log that can be waited for.
type buffer struct {
	mu    sync.Mutex
	text  bytes.Buffer
	wrote chan struct{}
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, err := b.text.Write(p)
	close(b.wrote)
	b.wrote = make(chan struct{})
	return n, err
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *buffer) len() int { return len(b.String()) }

// await waits until the log has a text, after so many bytes of it.
func (b *buffer) await(t *testing.T, from int, text string) {
	t.Helper()
	limit := time.After(patience)
	for {
		b.mu.Lock()
		found, wrote := strings.Contains(b.text.String()[from:], text), b.wrote
		b.mu.Unlock()
		if found {
			return
		}
		select {
		case <-wrote:
		case <-limit:
			require.FailNow(t, "the log has no "+text, b.String()[from:])
		}
	}
}

const someToken = "token-of-the-gateway"

// listen is what every configuration of a test begins with.
const listen = "listen: {proxy: '127.0.0.1:0', proxy_tls: {address: '127.0.0.1:0'}, base_url: '127.0.0.1:0', admin: '127.0.0.1:0'}\n"

// begin starts a gateway on a configuration, which is put behind listen and the log's.
func begin(t *testing.T, text string, env map[string]string) *process {
	t.Helper()
	p := &process{t: t, dir: t.TempDir(), log: &buffer{wrote: make(chan struct{})}, states: make(chan string, 16),
		signals: make(chan os.Signal, 4), ended: make(chan error, 1)}
	p.file = filepath.Join(p.dir, "gatedrill.yaml")
	p.write(text)
	options := config.Options{LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
	loaded, err := config.Load(p.file, options)
	require.NoError(t, err)
	settings, err := loaded.Settings()
	require.NoError(t, err)
	authority, err := castore.Open(filepath.Join(p.dir, "state"), nil)
	require.NoError(t, err)
	p.ca = authority.Path
	log := daemon.NewLogger(p.log, "debug", "text")
	source := filesource.New(filesource.Config{Loaded: loaded, Options: options, Logger: log})
	started := make(chan daemon.Listen, 1)
	cfg := daemon.Config{Settings: settings, Backend: source, Authority: authority,
		Listen:     daemon.Listen{Proxy: "127.0.0.1:0", ProxyTLS: "127.0.0.1:0", BaseURL: "127.0.0.1:0", Admin: "127.0.0.1:0"},
		AdminToken: loaded.AdminToken, Warnings: loaded.Warnings(), Signals: p.signals, Logger: log,
		Notify: func(state string) { p.states <- state }, Started: func(on daemon.Listen) { started <- on }}
	if settings.Auth != 0 {
		cfg.Listen.BaseURL = ""
	}
	go func() { p.ended <- daemon.Run(context.Background(), cfg) }()
	select {
	case p.on = <-started:
	case err := <-p.ended:
		require.NoError(t, err)
	}
	p.state("READY=1")
	t.Cleanup(func() {
		p.stop()
		require.NoError(t, source.Close())
	})
	return p
}

// write puts a configuration in the file's place, as an editor does.
func (p *process) write(text string) {
	p.t.Helper()
	p.replace(p.file, listen+text)
}

func (p *process) replace(path, text string) {
	p.t.Helper()
	temp := path + "~"
	require.NoError(p.t, os.WriteFile(temp, []byte(text), 0o600))
	require.NoError(p.t, os.Rename(temp, path))
}

// state waits for what the service manager is told.
func (p *process) state(prefix string) {
	p.t.Helper()
	select {
	case got := <-p.states:
		require.True(p.t, strings.HasPrefix(got, prefix), "%q", got)
	case <-time.After(patience):
		require.FailNow(p.t, "no "+prefix, p.log.String())
	}
}

// stop ends the gateway as SIGTERM does. It may have ended already.
func (p *process) stop() {
	p.t.Helper()
	if p.ended == nil {
		return
	}
	p.signals <- syscall.SIGTERM
	p.signals <- syscall.SIGTERM
	select {
	case err := <-p.ended:
		require.NoError(p.t, err)
	case <-time.After(patience):
		require.FailNow(p.t, "it does not end", p.log.String())
	}
	p.ended = nil
}

// upstream is a fake one that answers by rules.
func upstream(t *testing.T, encrypted bool, secrets map[string]string, rules ...string) (*fakeupstream.Upstream, *httptest.Server) {
	t.Helper()
	up := fakeupstream.New(fakeupstream.Config{Name: "alpha.invalid", Secrets: secrets})
	var list []fakeupstream.Rule
	for _, text := range rules {
		rule, err := fakeupstream.ParseRule(text)
		require.NoError(t, err)
		list = append(list, rule)
	}
	up.Play(list...)
	srv := httptest.NewUnstartedServer(up)
	if encrypted {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return up, srv
}

// certFile is a server's certificate as a file.
func certFile(t *testing.T, srv *httptest.Server) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "upstream.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

// ask sends a request in base-URL mode, and returns the status and the body.
func (p *process) ask(provider, path, token string) (int, string) {
	p.t.Helper()
	return do(p.t, http.MethodGet, "http://"+p.on.BaseURL+"/api/v2/aibridge/"+provider+path, token)
}

// page is one of the administrators'.
func (p *process) page(method, path, token string) (int, string) {
	p.t.Helper()
	return do(p.t, method, "http://"+p.on.Admin+path, token)
}

func do(t *testing.T, method, url, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, nil)
	require.NoError(t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	var b bytes.Buffer
	require.NoError(t, resp.Header.Write(&b))
	_, err = b.ReadFrom(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, b.String()
}
