package proxy_test

import (
	"bufio"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// exchangeRaw writes bytes to the listener and reads one answer.
func (w *world) exchangeRaw(lines string) answer {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.addr)
	require.NoError(w.t, err)
	defer conn.Close()
	require.NoError(w.t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, strings.ReplaceAll(lines, "\n", "\r\n"))
	require.NoError(w.t, err)
	method, _, _ := strings.Cut(lines, " ")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	require.NoError(w.t, err)
	if resp.StatusCode == http.StatusOK && method == http.MethodConnect {
		return answer{Response: resp}
	}
	body, err := io.ReadAll(resp.Body)
	return answer{resp, string(body), err}
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// The odd forms of RFC 7617: what passes, and what is asked for again.
func TestProxyAuthentication(t *testing.T) {
	none := func(*proxy.Config) {}
	tokens := func(c *proxy.Config) { c.Tokens = []string{"first-token", "tok:en"} }
	anyToken := func(c *proxy.Config) { c.Auth = proxy.AuthAny }
	anyOf := func(c *proxy.Config) { c.Tokens, c.Auth = []string{"first-token"}, proxy.AuthAny }
	for _, tt := range []struct {
		name   string
		config func(*proxy.Config)
		header string // the whole line; empty: none
		want   int
	}{
		{"none asked, none given", none, "", 200},
		{"none asked, nonsense given", none, "Proxy-Authorization: what", 200},
		{"missing", tokens, "", 407},
		{"right", tokens, "Proxy-Authorization: Basic " + b64("user:first-token"), 200},
		{"the user is ignored", tokens, "Proxy-Authorization: Basic " + b64(":first-token"), 200},
		{"split at the first colon", tokens, "Proxy-Authorization: Basic " + b64("user:tok:en"), 200},
		{"not at the last", tokens, "Proxy-Authorization: Basic " + b64("user:x:first-token"), 407},
		{"lower case scheme", tokens, "Proxy-Authorization: basic " + b64("user:first-token"), 200},
		{"upper case scheme", tokens, "Proxy-Authorization: BASIC " + b64("user:first-token"), 200},
		{"spaces after the scheme", tokens, "Proxy-Authorization: Basic   " + b64("user:first-token"), 200},
		{"a tab after the scheme", tokens, "Proxy-Authorization: Basic\t" + b64("user:first-token"), 407},
		{"no space", tokens, "Proxy-Authorization: Basic" + b64("user:first-token"), 407},
		{"another scheme", tokens, "Proxy-Authorization: Bearer first-token", 407},
		{"the token as the user", tokens, "Proxy-Authorization: Basic " + b64("first-token:"), 407},
		{"no colon", tokens, "Proxy-Authorization: Basic " + b64("first-token"), 407},
		{"empty token", tokens, "Proxy-Authorization: Basic " + b64("user:"), 407},
		{"wrong token", tokens, "Proxy-Authorization: Basic " + b64("user:second-token"), 407},
		{"a prefix of the token", tokens, "Proxy-Authorization: Basic " + b64("user:first-toke"), 407},
		{"more than the token", tokens, "Proxy-Authorization: Basic " + b64("user:first-token2"), 407},
		{"other case", tokens, "Proxy-Authorization: Basic " + b64("user:FIRST-TOKEN"), 407},
		{"space behind the token", tokens, "Proxy-Authorization: Basic " + b64("user:first-token "), 407},
		{"line feed behind the token", tokens, "Proxy-Authorization: Basic " + b64("user:first-token\n"), 407},
		{"not base64", tokens, "Proxy-Authorization: Basic user:first-token", 407},
		{"no padding", tokens, "Proxy-Authorization: Basic " + strings.TrimRight(b64("us:first-token"), "="), 407},
		{"not the only base64", tokens, "Proxy-Authorization: Basic " + strings.Replace(b64("us:first-token"), "4=", "5=", 1), 407},
		{"more behind the base64", tokens, "Proxy-Authorization: Basic " + b64("user:first-token") + " x", 407},
		{"empty", tokens, "Proxy-Authorization:", 407},
		{"scheme only", tokens, "Proxy-Authorization: Basic", 407},
		{"twice", tokens, "Proxy-Authorization: Basic " + b64("user:first-token") + "\nProxy-Authorization: Basic " + b64("user:first-token"), 407},
		{"Authorization is not it", tokens, "Authorization: Basic " + b64("user:first-token"), 407},
		{"any: a token", anyToken, "Proxy-Authorization: Basic " + b64("user:whatever"), 200},
		{"any: not a configured one", anyOf, "Proxy-Authorization: Basic " + b64("user:whatever"), 200},
		{"any: missing", anyToken, "", 407},
		{"any: empty", anyToken, "Proxy-Authorization: Basic " + b64("user:"), 407},
		{"any: malformed", anyToken, "Proxy-Authorization: Basic " + b64("user"), 407},
		{"any: control character", anyToken, "Proxy-Authorization: Basic " + b64("user:a\x00b"), 407},
		{"any: delete", anyToken, "Proxy-Authorization: Basic " + b64("user:a\x7f"), 407},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.config)
			w.upstream(http.NotFoundHandler(), "raw.invalid:443")
			w.source.set(row("alpha", "https://alpha.invalid"))
			w.reload()
			if tt.header != "" {
				tt.header += "\n"
			}
			// Raw tunnels need a token as well as intercepted ones.
			for _, host := range []string{"alpha.invalid:443", "raw.invalid:443"} {
				got := w.exchangeRaw("CONNECT " + host + " HTTP/1.1\nHost: " + host + "\n" + tt.header + "\n")
				require.Equal(t, tt.want, got.StatusCode, host)
				if tt.want == 407 {
					require.NoError(t, got.err)
					assert.Equal(t, []string{`Basic realm="gatedrill"`}, got.Header["Proxy-Authenticate"])
					assert.Equal(t, "Proxy Authentication Required", got.body)
					assert.NotEmpty(t, got.Header.Get(proxy.HeaderRequestID))
				}
			}
			if tt.want == 407 {
				assert.Empty(t, w.dialled(), "nothing is dialled for who has no token")
			}
			assert.NotContains(t, w.logs.String(), "first-token")
		})
	}
}

// A client learns what is asked for and tries again, on the same connection.
func TestAuthenticationOnOneConnection(t *testing.T) {
	w := newWorld(t, func(c *proxy.Config) { c.Tokens = []string{"token"} })
	w.source.set(row("alpha", "https://alpha.invalid"))
	w.reload()
	raw, resp := w.connect("alpha.invalid:443", "")
	require.Equal(t, 407, resp.StatusCode)
	_, err := io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	raw.send("CONNECT alpha.invalid:443 HTTP/1.1\nHost: alpha.invalid:443\nProxy-Authorization: Basic " + b64("u:token") + "\n\n")
	resp, err = http.ReadResponse(raw.br, &http.Request{Method: http.MethodConnect})
	require.NoError(t, err)
	assert.Equal(t, 200, resp.StatusCode)
}
