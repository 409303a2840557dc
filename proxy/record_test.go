package proxy_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// jsonLogs makes a world's log readable.
func jsonLogs(logs *lockedBuffer) func(*proxy.Config) {
	return func(c *proxy.Config) {
		c.Tokens = []string{"canary-token"}
		c.Logger = slog.New(slog.NewJSONHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
}

// lines returns the logged lines with one of the messages.
func lines(t *testing.T, logs *lockedBuffer, messages ...string) []map[string]any {
	t.Helper()
	found := []map[string]any{}
	for line := range strings.Lines(logs.String()) {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields), line)
		if slices.Contains(messages, fields["msg"].(string)) {
			found = append(found, fields)
		}
	}
	return found
}

// Every request has one line, whoever refused it and however it came, under the id that
// its client was told.
func TestEveryRequestHasALine(t *testing.T) {
	logs := &lockedBuffer{}
	w := newWorld(t, jsonLogs(logs))
	w.upstream(http.HandlerFunc(echoKey), "alpha.invalid:443")
	w.inTheOpen(http.HandlerFunc(echoKey), "plain.invalid:80")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
	w.reload()
	outer, base := w.open(w.addr), w.open(w.baseURL(nil))
	inner := w.tunnel("alpha.invalid:443", "canary-token")
	const auth = "\nProxy-Authorization: Basic dTpjYW5hcnktdG9rZW4=" // u:canary-token
	for _, tt := range []struct {
		via              *rawTunnel
		request, headers string
		want             string // provider verdict method host path status credential
	}{
		{outer, "GET /x?key=canary-query", "", " refused GET x /x 400 none"},
		{outer, "CONNECT nonsense", "", " refused CONNECT   400 none"},
		{outer, "CONNECT alpha.invalid:443", "", " refused CONNECT alpha.invalid:443  407 none"},
		{outer, "CONNECT alpha.invalid:22", auth, " refused CONNECT alpha.invalid:22  403 none"},
		{outer, "CONNECT nowhere.invalid:443", auth, " tunneled CONNECT nowhere.invalid:443  502 none"},
		{outer, "GET https://alpha.invalid/x?key=canary-query", auth, " refused GET alpha.invalid:443 /x 400 none"},
		{outer, "GET http://canary-user@alpha.invalid/x", auth, " refused GET  /x 400 none"},
		{outer, "GET http://alpha.invalid/x?key=canary-query", "", " refused GET alpha.invalid:80 /x 407 none"},
		{outer, "GET http://alpha.invalid/x?key=canary-query", auth, "alpha bridged GET alpha.invalid:80 /x 200 central"},
		{outer, "GET http://plain.invalid/x?key=canary-query", auth, " forwarded GET plain.invalid:80 /x 200 none"},
		{inner, "GET /x?key=canary-query", "", " refused GET alpha.invalid /x 421 none"},
		{inner, "GET https://alpha.invalid/x?key=canary-query", "\nAuthorization: Bearer canary-own", "alpha bridged GET alpha.invalid /x 200 own"},
		{base, "GET " + prefix + "/alpha/x?key=canary-query", "", " refused GET x " + prefix + "/alpha/x 401 none"},
		{base, "GET " + prefix + "/beta/x", "\nAuthorization: Bearer canary-token", " refused GET x " + prefix + "/beta/x 404 none"},
		{base, "GET " + prefix + "/alpha/x?key=canary-query", "\nAuthorization: Bearer canary-token", "alpha bridged GET x " + prefix + "/alpha/x 200 central"},
	} {
		tt.via.send(tt.request + " HTTP/1.1\nHost: x" + tt.headers + "\n\n")
		got := tt.via.read(http.MethodGet)
		id := got.Header.Get(proxy.HeaderRequestID)
		found := 0
		for _, l := range lines(t, logs, "request") {
			if l["id"] != id {
				continue
			}
			found++
			assert.Equal(t, "INFO", l["level"])
			shown := []string{}
			for _, name := range []string{"provider", "verdict", "method", "host", "path"} {
				shown = append(shown, l[name].(string))
			}
			text, err := json.Marshal(l["status"])
			require.NoError(t, err)
			assert.Equal(t, tt.want, strings.Join(append(shown, string(text), l["credential"].(string)), " "), tt.request)
		}
		assert.Equal(t, 1, found, tt.request)
	}
	assert.NotContains(t, logs.String(), "canary")
}

// What happens to a key is told with its hint, and with the id of the request, or of the
// administrator's, that made it happen.
func TestKeyEventsCanBeJoined(t *testing.T) {
	logs := &lockedBuffer{}
	w := newWorld(t, jsonLogs(logs))
	w.upstream(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("Authorization"), "0") {
			rw.Header().Set("Retry-After", "30")
			rw.WriteHeader(429)
			return
		}
		rw.WriteHeader(401)
	}), "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "canary-0123456789-key0", "canary-0123456789-key1"))
	w.reload()
	base := w.open(w.baseURL(nil))
	ways := map[string]func() answer{
		"tunnel": func() answer {
			return w.tunnel("alpha.invalid:443", "canary-token").get("alpha.invalid", "/x")
		},
		"absolute": func() answer {
			return w.exchangeRaw("GET http://alpha.invalid/x HTTP/1.1\nHost: x\nProxy-Authorization: Basic " + b64("u:canary-token") + "\n\n")
		},
		"base URL": func() answer {
			return base.get("x", prefix+"/alpha/x", "Authorization: Bearer canary-token")
		},
	}
	events := []string{"api key is cooling down", "api key is disabled", "no api key is left", "api key is enabled"}
	seen := 0
	for name, way := range ways {
		got := way()
		require.Equal(t, 429, got.StatusCode, name)
		id := got.Header.Get(proxy.HeaderRequestID)
		healed := ask(w.server, "POST", "/providers/alpha/keys/1/enable").Header().Get(proxy.HeaderRequestID)
		require.NotEmpty(t, healed)
		_, err := w.server.EnableKey("alpha", 2)
		require.NoError(t, err)

		l := lines(t, logs, events...)[seen:]
		seen += len(l)
		require.Len(t, l, 5, name)
		for i, want := range []struct{ msg, level, key, id any }{
			{events[0], "INFO", "#1 …key0", id},
			{events[1], "ERROR", "#2 …key1", id},
			{events[2], "WARN", nil, id},
			{events[3], "INFO", "#1 …key0", healed},
			{events[3], "INFO", "#2 …key1", nil},
		} {
			assert.Equal(t, want.msg, l[i]["msg"])
			assert.Equal(t, want.level, l[i]["level"])
			assert.Equal(t, want.key, l[i]["key"])
			assert.Equal(t, want.id, l[i]["id"], "%s: %s", name, want.msg)
			assert.Equal(t, "alpha", l[i]["provider"])
		}
	}
	assert.NotContains(t, logs.String(), "canary")
}

// A base URL that is another heals a key as well, and says so.
func TestReloadsThatHealAreLogged(t *testing.T) {
	logs := &lockedBuffer{}
	w := newWorld(t, jsonLogs(logs))
	w.upstream(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(401) }), "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "k0", "k1"))
	w.reload()
	require.Equal(t, 502, w.tunnel("alpha.invalid:443", "canary-token").get("alpha.invalid", "/").StatusCode)
	w.source.set(row("alpha", "https://alpha.invalid/v2", "k1", "k0"))
	id := ask(w.server, "POST", "/reload").Header().Get(proxy.HeaderRequestID)
	healed := lines(t, logs, "api key is enabled")
	require.Len(t, healed, 2)
	for i, key := range []string{"#2", "#1"} {
		assert.Equal(t, key, healed[i]["key"])
		assert.Equal(t, "alpha", healed[i]["provider"])
		assert.Equal(t, id, healed[i]["id"])
	}
}

// No page and no line has a key, a token, or a password in it, whatever goes wrong.
func TestNoSecretOnAdminPagesAndInLogs(t *testing.T) {
	logs := &lockedBuffer{}
	w := newWorld(t, jsonLogs(logs))
	w.upstream(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/break" {
			panic(http.ErrAbortHandler)
		}
		rw.WriteHeader(403)
	}), "alpha.invalid:443")
	w.source.set(row("alpha", "https://canary-user:canary-pw@alpha.invalid", "canary-0", "canary-0123456789-key1"),
		row("dup", "https://dup.invalid", "canary-2", "canary-2"), row("bad", "ftp://canary-user:canary-pw@bad.invalid"),
		row("none", "https://canary-user:canary-pw@"))
	w.reload()
	seen := []string{}
	look := func() {
		for _, page := range []string{"/metrics", "/healthz", "/livez", "/providers", "/ca-cert.pem"} {
			seen = append(seen, ask(w.server, "GET", page).Body.String())
		}
		for _, action := range []string{"/reload", "/providers/alpha/keys/1/enable", "/providers/canary/keys/9/enable"} {
			seen = append(seen, strings.ReplaceAll(ask(w.server, "POST", action).Body.String(), "/canary/", ""))
		}
	}
	look()
	base := w.open(w.baseURL(nil))
	for _, path := range []string{"/x", "/break", "/x?key=canary-query"} {
		got := base.get("x", prefix+"/alpha"+path, "Authorization: Bearer canary-token", "X-Api-Key: canary-own")
		seen = append(seen, got.body)
		got = w.exchangeRaw("GET http://alpha.invalid" + path + " HTTP/1.1\nHost: x\nAuthorization: Bearer canary-own\nProxy-Authorization: Basic " + b64("u:canary-token") + "\n\n")
		seen = append(seen, got.body)
	}
	look()
	w.source.fail(errors.New("postgres://canary-user:canary-pw@db: row canary-0, canary-0123456789-key1, canary-token"))
	look()
	for _, text := range seen {
		assert.NotContains(t, text, "canary-")
	}
	assert.NotContains(t, strings.ReplaceAll(logs.String(), "/providers/canary/keys", ""), "canary")
	assert.NotContains(t, strings.Join(seen, ""), "PRIVATE KEY")
	assert.Contains(t, logs.String(), "[redacted]")
}
