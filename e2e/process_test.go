package e2e

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience bounds every wait for what a process must do.
const patience = 60 * time.Second

// binary is the gatedrill that is tested, built once.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "gatedrill")
	build := exec.Command("go", "build", "-o", path, "./cmd/gatedrill")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// scratch is a folder for as long as the tests run.
var scratch string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if scratch, err = os.MkdirTemp("", "gatedrill-e2e"); err != nil {
			panic(err)
		}
		defer os.RemoveAll(scratch)
		return m.Run()
	}())
}

// process is a gatedrill that runs.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	ended chan struct{}
	err   error // once ended is closed

	mu    sync.Mutex
	lines []string
	more  chan struct{} // closed with each line
}

// run starts gatedrill with this environment, and stops it as a service manager would at the end of the test, which fails unless it ends in
// good order.
func run(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	path, err := binary()
	require.NoError(t, err)
	p := &process{t: t, cmd: exec.Command(path, args...), ended: make(chan struct{}), more: make(chan struct{})}
	p.cmd.Env = append(env, "HOME="+scratch, "PATH="+os.Getenv("PATH")) // no settings of whoever runs the tests
	out, in := io.Pipe()
	p.cmd.Stdout, p.cmd.Stderr = in, in
	require.NoError(t, p.cmd.Start())
	go p.read(out)
	go func() {
		p.err = p.cmd.Wait()
		_ = in.Close()
		close(p.ended)
	}()
	t.Cleanup(p.stop)
	return p
}

func (p *process) read(out io.Reader) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		p.mu.Lock()
		p.lines = append(p.lines, line)
		close(p.more)
		p.more = make(chan struct{})
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// output is everything that the process has written.
func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "")
}

// await waits for a line that find accepts.
func (p *process) await(what string, find func(line string) bool) {
	p.t.Helper()
	limit := time.After(patience)
	for seen := 0; ; {
		p.mu.Lock()
		lines, more := p.lines[seen:], p.more
		p.mu.Unlock()
		for _, line := range lines {
			if find(line) {
				return
			}
		}
		seen += len(lines)
		select {
		case <-more:
		case <-p.ended:
			require.FailNow(p.t, "it ended before it told "+what, "%v\n%s", p.err, p.output())
		case <-limit:
			require.FailNow(p.t, "it does not tell "+what, p.output())
		}
	}
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		assert.NoError(p.t, p.err, "%s", p.output())
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.ended
		assert.Fail(p.t, "it does not stop", p.output())
	}
	if p.t.Failed() {
		p.t.Log(p.output())
	}
}

// gateway is a `gatedrill serve` that runs.
type gateway struct {
	*process
	proxy, proxyTLS, base, admin string // addresses; base with the prefix of base-URL mode
	ca                           string // the file that clients trust
	file                         string // its configuration
}

// token is what the gateway asks its clients for.
const token = "gateway-token-of-the-tests"

// serve starts a gateway whose configuration ends with text, and returns once it is ready. Everything that is known
// about it is from its own start-up lines.
func serve(t *testing.T, text string) *gateway {
	t.Helper()
	return serveWith(t, token, "tunnel: deny\n"+text)
}

// serveWith is serve with another token, and with tunnels.
func serveWith(t *testing.T, token, text string, env ...string) *gateway {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "gatedrill.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
listen: {proxy: '127.0.0.1:0', proxy_tls: {address: '127.0.0.1:0'}, base_url: '127.0.0.1:0', admin: '127.0.0.1:0'}
ca: {dir: state}
log: {level: debug, format: json}
tokens: [`+token+`]
`+text), 0o600))
	g := &gateway{process: run(t, env, "serve", "--config", file), file: file}
	g.await("where it listens, and whom to trust", func(text string) bool {
		var line struct{ On, Address, Use, Trust string }
		_ = json.Unmarshal([]byte(text), &line)
		switch line.On {
		case "proxy":
			g.proxy = line.Address
		case "proxy_tls":
			g.proxyTLS = line.Address
		case "base_url":
			g.base = strings.TrimSuffix(line.Use, "/PROVIDER")
		case "admin":
			g.admin = line.Address
		}
		g.ca = line.Trust
		return g.ca != ""
	})
	require.NoError(t, poll("http://"+g.admin+"/healthz"), "%s", g.output())
	return g
}

// poll asks a page until it answers 200.
func poll(url string) error {
	client := &http.Client{Timeout: patience}
	defer client.CloseIdleConnections()
	var last error
	err := until(func() bool {
		_, last = get(client, url)
		return last == nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w: %w", url, err, last)
	}
	return nil
}

// until asks whether something has happened yet, until it has.
func until(happened func() bool) error {
	for end := time.Now().Add(patience); !happened(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("not within %s", patience)
		}
	}
	return nil
}

// get is a page, which is an error unless it answers 200.
func get(client *http.Client, url string) (string, error) {
	resp, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		return "", errors.New(resp.Status)
	}
	return string(text), err
}

// trusting is a client that trusts the authority in a file, and no other.
func trusting(t *testing.T, file string) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots(t, file)}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func basicAuth(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
}

func roots(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	pem, err := os.ReadFile(file)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(pem), file)
	return pool
}
