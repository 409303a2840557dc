package fakeupstream_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// virtualStart is when every test of this package begins.
var virtualStart = time.Date(2000, 1, 1, 0, 0, 0, 500_000_000, time.UTC)

func secrets() map[string]string {
	return map[string]string{"k0": "sk-secret-zero", "k1": "sk-secret-one", "k2": "sk-secret-two"}
}

// newUpstream makes an upstream on a mock clock that plays the given rules.
func newUpstream(t *testing.T, vendor fakeupstream.Vendor, rules ...string) (*fakeupstream.Upstream, *quartz.Mock) {
	t.Helper()
	clock := quartz.NewMock(t)
	clock.Set(virtualStart)
	u := fakeupstream.New(fakeupstream.Config{Name: "alpha.invalid", Vendor: vendor, Secrets: secrets(), Clock: clock, Seed: 7})
	u.Play(parseAll(t, rules...)...)
	return u, clock
}

func parseAll(t *testing.T, rules ...string) []fakeupstream.Rule {
	t.Helper()
	var out []fakeupstream.Rule
	for _, text := range rules {
		r, err := fakeupstream.ParseRule(text)
		require.NoError(t, err, "ParseRule(%q)", text)
		out = append(out, r)
	}
	return out
}

// newRequest makes a request; headers are "Name: value" lines.
func newRequest(method, target, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

// ask sends one request and returns the whole answer.
func ask(u http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	u.ServeHTTP(w, newRequest(method, target, body, headers...))
	return w
}

// chat asks for a chat completion with a secret, "" for none, and returns the status.
func chat(u http.Handler, secret string) int {
	if secret == "" {
		return ask(u, "POST", "/v1/chat/completions", "{}").Code
	}
	return ask(u, "POST", "/v1/chat/completions", "{}", "Authorization: Bearer "+secret).Code
}

func texts(faults []fakeupstream.Fault) []string {
	var out []string
	for _, f := range faults {
		out = append(out, f.Kind.String()+": "+f.Text)
	}
	return out
}

// stampedWriter writes down when each flush happened and what had been written since the one before.
type stampedWriter struct {
	*httptest.ResponseRecorder
	now     func() time.Time
	onFlush func(n int)
	pending bytes.Buffer
	flushes []flush
}

type flush struct {
	at   time.Time
	text string
}

func (w *stampedWriter) Write(p []byte) (int, error) {
	w.pending.Write(p)
	return w.ResponseRecorder.Write(p)
}

func (w *stampedWriter) Flush() {
	w.flushes = append(w.flushes, flush{w.now(), w.pending.String()})
	w.pending.Reset()
	if w.onFlush != nil {
		w.onFlush(len(w.flushes))
	}
}
