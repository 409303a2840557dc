package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// canary makes a secret that stands nowhere else: what, so that a finding says which one it is, and then what nothing
// else has.
func canary(what string) string { return "canary-" + what + "-5e1f0d9a7c3b" }

// The secrets of a run. Those of clients are theirs: nobody else has any business with them.
var (
	poolKeys    = []string{canary("pool-one"), canary("pool-two"), canary("pool-dead"), canary("pool-edited"), canary("pool-refused")}
	adminToken  = canary("admin")
	clientToken = canary("gateway")
	ownKey      = canary("own")
	mistyped    = canary("mistyped")
	inQuery     = canary("query")
	chained     = canary("chained-proxy")
	baseURL     = canary("base-url")
	seal        = canary("seal-of-32-characters-and-more")
)

// leaks is a run of the gateway that tries to make it tell.
type leaks struct {
	*gateway
	up         *fakeupstream.Server
	plain      *fakeupstream.Server
	dead       string // an address that nobody listens on
	downstream bytes.Buffer
}

// TestNoSecretLeavesTheProcess goes through every way in and every way to fail, with providers in a file and in a
// database, at debug level: no secret is in the output of the process, in its metrics, on its pages, or in any byte
// that a client got.
func TestNoSecretLeavesTheProcess(t *testing.T) {
	for _, source := range []string{"file", "sqlite"} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			l := newLeaks(t, source)
			if source == "sqlite" {
				l.createProviders()
			}
			l.clients()
			l.garbage()
			l.administrators()
			if source == "sqlite" {
				l.refusedEdits()
			} else {
				l.brokenFiles()
			}
			l.clients()
			l.pages()
			l.stop()
			l.judge(source)
		})
	}
}

func newLeaks(t *testing.T, source string) *leaks {
	l := &leaks{}
	answers := "401, then 429 retry-after=1, then 429, then 500, then 400, then 200 reset after=byte:5, then 200 stream reset after=event:2, then 403, then 200"
	cfg := fakeupstream.ServerConfig{TLS: fakeupstream.ServeHTTPS, AtEnd: fakeupstream.AtEndIgnore,
		Config: fakeupstream.Config{Secrets: map[string]string{"one": poolKeys[0], "two": poolKeys[1], "own": ownKey}}}
	l.up = cfg.Start(t, "key one end=repeat: "+answers+"\nkey two end=repeat: "+answers+"\nkey own end=repeat: 401, then 200")
	cfg.TLS = fakeupstream.ServeHTTP
	l.plain = cfg.Start(t, "key any end=repeat: "+answers+"\nkey none: 401")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l.dead = free.Addr().String()
	require.NoError(t, free.Close())
	trust := filepath.Join(t.TempDir(), "upstream.pem")
	require.NoError(t, os.WriteFile(trust, l.up.CA().PEM(), 0o600))
	text := fmt.Sprintf("ports: [%s, %s, %s]\nexempt: [127.0.0.0/8]\nupstream_ca_file: %s\nadmin: {token: %s}\nupstream_proxy: {url: 'http://u:%s@%s'}\n",
		port(l.up.URL), port(l.plain.URL), port(l.dead), trust, adminToken, chained, l.dead)
	if source == "sqlite" {
		text += "source: sqlite\nsqlite: {path: providers.db, seal: " + seal + "}\n"
	} else {
		text += "providers:\n"
		for _, p := range l.providers() {
			text += fmt.Sprintf("  - {name: %s, type: %s, base_url: '%s', keys: [%s]}\n", p.name, p.vendor, p.url, strings.Join(p.keys, ", "))
		}
	}
	l.gateway = serveWith(t, clientToken, text)
	return l
}

type row struct {
	name, vendor, url string
	keys              []string
}

// providers are three, one behind TLS, one without, one dead.
func (l *leaks) providers() []row {
	return []row{
		{"alpha", "openai", l.up.URL, poolKeys[:2]},
		{"plain", "anthropic", "http://localhost:" + port(l.plain.URL), poolKeys[:2]},
		{"dead", "openai", "http://127.0.0.2:" + port(l.dead), poolKeys[2:3]},
	}
}

// send keeps all that comes back, errors included.
func (l *leaks) send(client *http.Client, method, url, body string, header ...string) {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	require.NoError(l.t, err)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		// net/http names the URL that it was given; what is asked here is what else the error says.
		l.downstream.WriteString(strings.ReplaceAll(err.Error(), url, "URL") + "\n")
		return
	}
	defer resp.Body.Close()
	head, err := httputil.DumpResponse(resp, false)
	require.NoError(l.t, err)
	l.downstream.Write(head)
	if _, err = io.Copy(&l.downstream, resp.Body); err != nil {
		l.downstream.WriteString(err.Error())
	}
	l.downstream.WriteString("\n")
}

// clients come in every mode, to every provider and to none, with every credential.
func (l *leaks) clients() {
	const chat = `{"model": "drill-1", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}`
	authority := roots(l.t, l.ca)
	for _, password := range []string{clientToken, mistyped} {
		for _, via := range []string{"http://me:" + password + "@" + l.proxy, "https://me:" + password + "@" + l.proxyTLS} {
			client := fakeupstream.ProxyClient(l.t, via, authority)
			client.Timeout = patience
			for _, url := range []string{
				l.up.URL + "/v1/chat/completions", "http://localhost:" + port(l.plain.URL) + "/v1/messages", // CONNECT, and absolute form
				"http://127.0.0.2:" + port(l.dead) + "/v1/models", "https://127.0.0.3:" + port(l.up.URL) + "/v1/models", "https://nobody.invalid/",
				"http://10.0.0.1/", "http://127.0.0.1:1/",
			} {
				l.send(client, "POST", url, chat)
				l.send(client, "POST", url+"?api_key="+inQuery, chat, "Authorization", "Bearer "+ownKey)
				l.send(client, "POST", url, chat, "X-Api-Key", ownKey, "Connection", "X-Api-Key")
				l.send(client, "POST", url, chat, "Authorization", "Bearer "+clientToken, "X-Forwarded-For", "not an address")
			}
		}
	}
	direct := &http.Client{Transport: &http.Transport{}, Timeout: patience}
	defer direct.CloseIdleConnections()
	for range 4 {
		for _, path := range []string{"/alpha/v1/chat/completions", "/plain/v1/messages", "/dead/v1/models", "/none/v1/models", ""} {
			for _, header := range [][]string{
				{"Authorization", "Bearer " + clientToken}, {"X-Api-Key", clientToken}, {"Authorization", "Bearer " + mistyped}, {"Authorization", mistyped}, {},
			} {
				l.send(direct, "POST", l.base+path+"?key="+inQuery, chat, header...)
			}
		}
	}
}

// garbage is what no HTTP client would send, on every listener.
func (l *leaks) garbage() {
	basic := "Proxy-Authorization: Basic " + basicAuth("me", clientToken) + "\r\n"
	target := strings.TrimPrefix(l.up.URL, "https://")
	for _, address := range []string{l.proxy, strings.Split(strings.TrimPrefix(l.base, "http://"), "/")[0], l.admin, l.proxyTLS} {
		for _, text := range []string{
			"CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\nProxy-Authorization: Basic " + mistyped + "\r\n\r\n",
			"CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\nProxy-Authorization: Bearer " + clientToken + "\r\n\r\n",
			"CONNECT nobody:x HTTP/1.1\r\nHost: nobody\r\n" + basic + "\r\n",
			"CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n" + basic + "\r\nGET /?key=" + inQuery + " HTTP/1.1\r\nHost: x\r\n\r\n",
			"GET http://u:" + ownKey + "@localhost:" + port(l.plain.URL) + "/ HTTP/1.1\r\nHost: localhost\r\n" + basic + "\r\n",
			"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nAuthorization: Bearer " + clientToken + "\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: a\r\nAuthorization : Bearer " + ownKey + "\r\n\r\n",
			"GET /%zz?key=" + inQuery + " HTTP/1.1\r\nHost: a\r\n\r\n", ownKey + "\r\n\r\n", "\x16\x03\x01" + ownKey,
		} {
			l.raw(address, text)
		}
	}
}

func (l *leaks) raw(address, text string) {
	conn, err := net.Dial("tcp", address)
	require.NoError(l.t, err)
	defer conn.Close()
	require.NoError(l.t, conn.SetDeadline(time.Now().Add(patience)))
	_, _ = io.WriteString(conn, text)
	_ = conn.(*net.TCPConn).CloseWrite()
	_, _ = io.Copy(&l.downstream, conn)
}

// pages are everybody's and the administrators', asked for by whoever comes.
func (l *leaks) pages() {
	for _, with := range []string{adminToken, mistyped, clientToken} {
		for _, path := range []string{"/providers", "/providers/alpha", "/metrics", "/healthz", "/livez", "/nothing", "/nothing?key=" + inQuery} {
			l.edit(with, "GET", path, "")
		}
	}
}

func (l *leaks) administrators() {
	for _, with := range []string{adminToken, mistyped} {
		for _, path := range []string{"/reload", "/providers/alpha/keys/1/enable", "/providers/alpha/keys/9/enable", "/providers/x/keys/1/enable"} {
			l.edit(with, "POST", path, "")
		}
	}
	l.pages()
}

func (l *leaks) edit(with, method, path, body string, header ...string) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	l.send(client, method, "http://"+l.admin+path, body, append(header, "Authorization", "Bearer "+with, "Content-Type", "application/json")...)
}

// brokenFiles have secrets in the wrong places.
func (l *leaks) brokenFiles() {
	good, err := os.ReadFile(l.file)
	require.NoError(l.t, err)
	bad := poolKeys[4]
	for _, text := range []string{
		string(good) + "  - {name: bad, type: openai, base_url: 'https://u:" + baseURL + "@h:x', keys: [" + bad + "]}\n",
		string(good) + "  - {name: bad, type: " + bad + ", base_url: '" + bad + "', keys: {" + bad + ": 1}}\n",
		string(good) + bad + ": 1\n", string(good) + "'" + bad, string(good) + "x: *" + bad + "\n",
		strings.Replace(string(good), poolKeys[1], poolKeys[0], 1), strings.Replace(string(good), poolKeys[1], "file:/"+bad, 1),
		strings.Replace(string(good), poolKeys[2], poolKeys[3], 1),
	} {
		require.NoError(l.t, os.WriteFile(l.file, []byte(text), 0o600))
		l.edit(adminToken, "POST", "/reload", "")
		l.edit(adminToken, "GET", "/providers", "")
		require.NoError(l.t, l.cmd.Process.Signal(syscall.SIGHUP))
	}
}

// createProviders stores what a file would have.
func (l *leaks) createProviders() {
	for _, p := range l.providers() {
		l.edit(adminToken, "POST", "/providers", fmt.Sprintf(`{"name": %q, "type": %q, "base_url": %q, "keys": ["%s"]}`, p.name, p.vendor, p.url, strings.Join(p.keys, `", "`)))
	}
	require.Equal(l.t, 3, strings.Count(l.downstream.String(), "201 Created"), "%s", &l.downstream)
}

// refusedEdits have secrets in the wrong places, and some are stored all the same.
func (l *leaks) refusedEdits() {
	bad := poolKeys[4]
	for _, body := range []string{
		`{"name": "bad", "type": "openai", "base_url": "https://u:` + baseURL + `@h.invalid", "keys": ["` + bad + `"]}`,
		`{"name": "bad", "type": "` + bad + `", "base_url": "` + bad + `", "keys": "` + bad + `"}`,
		`{"name": "bad", "` + bad + `": 1}`, `{"name": "bad", "keys": {"` + bad + `": 1}}`, `{"keys": ["` + bad, `"` + bad + `"`,
		`{"name": "twice", "type": "openai", "base_url": "https://t.invalid", "keys": ["` + bad + `", "` + bad + `"]}`,
		`{"name": "alpha", "type": "openai", "base_url": "https://t.invalid", "keys": ["` + bad + `"]}`,
	} {
		for _, with := range []string{adminToken, mistyped} {
			l.edit(with, "POST", "/providers", body)
			l.edit(with, "POST", "/providers?force", body)
			l.edit(with, "PATCH", "/providers/alpha", body)
			l.edit(with, "PUT", "/providers/none", body)
		}
	}
	l.edit(adminToken, "POST", "/providers/dead/keys", `{"key": "`+poolKeys[3]+`", "position": 1}`)
	l.edit(adminToken, "POST", "/providers/dead/keys", `{"key": "`+poolKeys[3]+`"}`)
	l.edit(adminToken, "POST", "/providers/dead/keys?"+inQuery+"=1", `{"key": 1}`)
	l.edit(adminToken, "DELETE", "/providers/dead/keys/1", "")
	l.edit(adminToken, "DELETE", "/providers/dead/keys/1", "", "If-Match", `"`+mistyped+`"`)
}

// judge looks everywhere for every secret. It asks first whether the run got where it was meant to.
func (l *leaks) judge(source string) {
	t, output, seen := l.t, l.output(), l.downstream.String()
	assert.Contains(t, output, `"level":"DEBUG"`)
	assert.Contains(t, output, `is cooling down`)
	for _, status := range []string{"200 OK", "400 ", "401 ", "403 ", "404 ", "407 ", "429 ", "500 ", "502 "} {
		assert.Contains(t, seen, status, "the run did not get there")
	}
	assert.Contains(t, seen, "gatedrill_key_failovers_total")
	assert.NotEmpty(t, l.plain.Requests())
	places := map[string]string{"the output": output, "what was sent to clients": seen}
	if source == "sqlite" {
		for _, file := range []string{"providers.db", "providers.db-wal"} {
			b, err := os.ReadFile(filepath.Join(filepath.Dir(l.file), file))
			if err == nil {
				places[file] = string(b)
			}
		}
		assert.NotEmpty(t, places["providers.db"])
	}
	secrets := append([]string{adminToken, clientToken, ownKey, mistyped, inQuery, chained, baseURL, seal, basicAuth("me", clientToken), basicAuth("me", mistyped)}, poolKeys...)
	for place, text := range places {
		for _, secret := range secrets {
			if at := strings.Index(text, secret); at >= 0 {
				assert.Fail(t, "a secret in "+place, "%s: …%s…", secret, text[max(0, at-200):min(len(text), at+len(secret)+100)])
			}
		}
	}
}
