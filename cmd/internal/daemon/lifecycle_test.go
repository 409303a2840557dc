package daemon_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/cmd/internal/castore"
	"github.com/gatedrill/gatedrill/cmd/internal/daemon"
	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/proxy"
)

// SIGTERM lets a request finish; its answer is whole, and the port is closed meanwhile.
func TestATermSignalDrains(t *testing.T) {
	up, srv := upstream(t, false, nil, "key any: 200 hold at=status")
	p := begin(t, "tokens: ["+someToken+"]\nproviders:\n  - {name: alpha, type: openai, base_url: '"+srv.URL+"', keys: [k]}\n", nil)
	answered := make(chan int, 1)
	go func() {
		status, _, _ := try(p.on.BaseURL, "alpha", someToken)
		answered <- status
	}()
	held(t, up)
	p.signals <- syscall.SIGTERM
	p.state("STOPPING=1")
	p.log.await(t, 0, "stopping")
	status, body := p.page("GET", "/livez", "")
	assert.Equal(t, http.StatusOK, status, body)
	up.Release()
	assert.Equal(t, http.StatusOK, <-answered)
	require.NoError(t, <-p.ended)
	p.ended = nil
	assert.Contains(t, p.log.String(), "every request had finished")
	_, err := net.Dial("tcp", p.on.Proxy)
	assert.Error(t, err)
}

// held waits until an upstream holds an answer.
func held(t *testing.T, up *fakeupstream.Upstream) {
	t.Helper()
	require.Eventually(t, func() bool { return up.Held() == 1 }, patience, time.Millisecond)
}

// A second signal cuts what has not finished.
func TestASecondSignalCuts(t *testing.T) {
	up, srv := upstream(t, false, nil, "key any: 200 hold at=status")
	p := begin(t, "tokens: ["+someToken+"]\ntimeouts: {drain: off}\nproviders:\n  - {name: alpha, type: openai, base_url: '"+srv.URL+"', keys: [k]}\n", nil)
	answered := make(chan error, 1)
	go func() {
		_, _, err := try(p.on.BaseURL, "alpha", someToken)
		answered <- err
	}()
	held(t, up)
	p.signals <- syscall.SIGINT
	p.state("STOPPING=1")
	p.signals <- syscall.SIGINT
	require.NoError(t, <-p.ended)
	p.ended = nil
	assert.Error(t, <-answered)
	assert.Contains(t, p.log.String(), "were cut")
}

// The admin token is asked for by everything but what probes, scrapers and clients need.
func TestTheAdminToken(t *testing.T) {
	p := begin(t, "tokens: ["+someToken+"]\nadmin: {token: secret-of-admins}\nproviders: []\n", nil)
	for _, path := range []string{"/livez", "/healthz", "/metrics", "/ca-cert.pem"} {
		status, _ := p.page("GET", path, "")
		assert.Equal(t, http.StatusOK, status, path)
	}
	for _, page := range []string{"GET /providers", "POST /reload", "POST /providers/a/keys/1/enable", "GET /x"} {
		method, path, _ := strings.Cut(page, " ")
		for _, token := range []string{"", "wrong", someToken} {
			status, _ := p.page(method, path, token)
			assert.Equal(t, http.StatusUnauthorized, status, page)
		}
		status, _ := p.page(method, path, "secret-of-admins")
		assert.NotEqual(t, http.StatusUnauthorized, status, page)
	}
}

// Dangers are said at the start, one by one; sane choices say nothing.
func TestDangerousChoicesAreSaid(t *testing.T) {
	tests := map[string][]string{
		"tokens: [a-long-enough-token]\nproviders: []\n": nil,
		"providers: []\n":                  {"there are no tokens", "tunnels are open to everyone"},
		"tunnel: deny\nproviders: []\n":    {"there are no tokens"},
		"tokens: [short]\nproviders: []\n": {"tokens[0] is short"},
		"tokens: [a-long-enough-token]\nexempt: [10.0.0.0/8]\nproviders: []\n":                                             {"private addresses are open to clients: 10.0.0.0/8"},
		"tokens: [a-long-enough-token]\nproviders:\n - {name: a, type: openai, base_url: 'http://a.invalid', keys: [k]}\n": {"providers[0] has an http:// base URL"},
	}
	for text, want := range tests {
		p := begin(t, text, nil)
		got := 0
		for line := range strings.Lines(p.log.String()) {
			if strings.Contains(line, "level=WARN") {
				got++
			}
		}
		assert.Equal(t, len(want), got, "%s\n%s", text, p.log)
		for _, w := range want {
			assert.Contains(t, p.log.String(), w)
		}
		p.stop()
	}
}

func TestDangersOfAnOpenGateway(t *testing.T) {
	authority, err := castore.Open(filepath.Join(t.TempDir(), "ca"), nil)
	require.NoError(t, err)
	log := &buffer{wrote: make(chan struct{})}
	ctx, stop := context.WithCancel(context.Background())
	err = daemon.Run(ctx, daemon.Config{Backend: fixed{}, Authority: authority, Settings: proxy.Config{Auth: proxy.AuthAny},
		Listen: daemon.Listen{Proxy: "0.0.0.0:0", Admin: "0.0.0.0:0"}, Logger: daemon.NewLogger(log, "", "json"),
		Started: func(daemon.Listen) { stop() }})
	require.NoError(t, err)
	for _, want := range []string{"auth is any", "tunnels are open to everyone", "without TLS: gateway tokens", "ask nobody for a token"} {
		assert.Contains(t, log.String(), want)
	}
}

// fixed is a backend of no providers, or of an error.
type fixed struct{ fail func() error }

func (f fixed) Providers(context.Context) ([]proxy.Provider, error) {
	if f.fail == nil {
		return nil, nil
	}
	return nil, f.fail()
}

func (fixed) Describe() string { return "nothing" }

// Everything that keeps a gateway from starting is said at once.
func TestStartUpErrorsAreSaidAtOnce(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	authority, err := castore.Open(filepath.Join(t.TempDir(), "ca"), nil)
	require.NoError(t, err)
	err = daemon.Run(context.Background(), daemon.Config{Backend: fixed{}, Authority: authority, CertFile: "none", KeyFile: "none",
		Settings: proxy.Config{BridgePrefix: "x"}, Listen: daemon.Listen{Proxy: taken.Addr().String(), ProxyTLS: "127.0.0.1:0", Admin: "nowhere"}})
	require.Error(t, err)
	for _, want := range []string{"listen.proxy:", "listen.admin:", "listen.proxy_tls.cert", "BridgePrefix"} {
		assert.ErrorContains(t, err, want)
	}
}

// Readiness comes with the first good reload, which is tried every five seconds; until
// then health says no, and nothing is intercepted.
func TestReadinessWaitsForAGoodReload(t *testing.T) {
	authority, err := castore.Open(filepath.Join(t.TempDir(), "ca"), nil)
	require.NoError(t, err)
	clock := quartz.NewMock(t)
	trap := clock.Trap().NewTimer("daemon", "retry")
	defer trap.Close()
	down := true
	states, on := make(chan string, 4), make(chan daemon.Listen, 1)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- daemon.Run(ctx, daemon.Config{Clock: clock, Authority: authority, Listen: daemon.Listen{Proxy: "127.0.0.1:0", Admin: "127.0.0.1:0"},
			Backend: fixed{fail: func() error {
				if down {
					return errors.New("the source is down")
				}
				return nil
			}}, Notify: func(s string) { states <- s }, Started: func(l daemon.Listen) { on <- l }})
	}()
	admin := "http://" + (<-on).Admin
	for range 3 {
		call := trap.MustWait(t.Context())
		assert.Equal(t, proxy.RetryInterval, call.Duration)
		call.MustRelease(t.Context())
		status, body := do(t, http.MethodGet, admin+"/healthz", "")
		assert.Equal(t, http.StatusServiceUnavailable, status, body)
		assert.Empty(t, states)
		clock.Advance(proxy.RetryInterval).MustWait(t.Context())
	}
	call := trap.MustWait(t.Context())
	down = false
	call.MustRelease(t.Context())
	clock.Advance(proxy.RetryInterval).MustWait(t.Context())
	assert.True(t, strings.HasPrefix(<-states, "READY=1\n"))
	status, _ := do(t, http.MethodGet, admin+"/healthz", "")
	assert.Equal(t, http.StatusOK, status)
	stop()
	assert.Equal(t, "STOPPING=1", <-states)
	require.NoError(t, <-ended)
}

// What the service manager is told arrives at its socket.
func TestSystemdIsTold(t *testing.T) {
	assert.Nil(t, daemon.SystemdNotify(""))
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	defer socket.Close()
	daemon.SystemdNotify(path)("READY=1")
	b := make([]byte, 100)
	n, err := socket.Read(b)
	require.NoError(t, err)
	assert.Equal(t, "READY=1", string(b[:n]))
}
