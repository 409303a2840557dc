package proxy_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
	"github.com/gatedrill/gatedrill/proxy/record"
)

// recorded is a sink that keeps everything.
type recorded struct {
	mu   sync.Mutex
	text strings.Builder
}

func (r *recorded) Append(line []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.Write(line)
}

// story is the recording as lines that can be compared.
func (r *recorded) story(t *testing.T) (lines []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	assert.NotContains(t, r.text.String(), "canary")
	rec, _ := record.Read("memory", strings.NewReader(r.text.String())) // it has no end yet
	require.Len(t, rec.Runs, 1)
	require.Equal(t, strings.Count(r.text.String(), "\n"), len(rec.Runs[0].Facts)+1, r.text.String())
	for _, f := range rec.Runs[0].Facts {
		line := strings.Join(strings.Fields(fmt.Sprint(f.Kind, " ", f.Via, " ", f.Method, " ", f.Host, f.Path, " ", f.Verdict, " ", f.Provider, " ", f.Key, " ",
			f.How, " ", f.Credential, " ", f.RetryTold, " ", strings.Join(f.Header["Retry-After"], ","))), " ")
		if f.Status != 0 {
			line += fmt.Sprint(" ", f.Status)
		}
		for _, p := range f.Providers {
			line += fmt.Sprint(" ", p.Name, " ", p.URL, " ", p.Keys, " ", p.Status)
		}
		if f.Error != "" {
			line += " failed"
		}
		lines = append(lines, line)
	}
	return lines
}

// A recording has reloads, tunnels, requests, attempts and answers, each as it happened,
// and no secret.
func TestTheServerRecords(t *testing.T) {
	sink := &recorded{}
	w := newWorld(t, func(c *proxy.Config) {
		c.Tokens = []string{"canary-token"}
		c.Recorder = record.New(record.Config{Sink: sink, Bodies: record.BodiesKeep})
	})
	w.upstream(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.Header.Get("Authorization"), "key0"):
			rw.Header().Set("Retry-After", "30")
			rw.WriteHeader(429)
		case r.URL.Path == "/break":
			rw.Header().Set("Content-Length", "10")
			_, _ = rw.Write([]byte("abc"))
			_ = http.NewResponseController(rw).Flush()
			panic(http.ErrAbortHandler)
		}
	}), "alpha.invalid:443")
	w.source.set(row("alpha", "https://canary-user:canary-pw@alpha.invalid", "canary-0123456789-key0", "canary-0123456789-key1"))
	w.reload()
	tunnel := w.tunnel("alpha.invalid:443", "canary-token")
	require.Equal(t, 200, tunnel.get("alpha.invalid", "/x?key=canary-query").StatusCode)
	require.Equal(t, 407, w.exchangeRaw("GET http://alpha.invalid/x HTTP/1.1\nHost: x\n\n").StatusCode)
	_ = w.exchangeRaw("CONNECT alpha.invalid:22 HTTP/1.1\nHost: x\nProxy-Authorization: Basic " + b64("u:canary-token") + "\n\n")
	_ = w.exchangeRaw("GET http://alpha.invalid/break HTTP/1.1\nHost: x\nAuthorization: Bearer canary-own\nProxy-Authorization: Basic " + b64("u:canary-token") + "\n\n")
	_, err := w.server.EnableKey("alpha", 1)
	require.NoError(t, err)
	w.source.fail(errors.New("canary-0123456789-key0 is bad"))
	require.Error(t, w.server.Reload(t.Context()))

	assert.Equal(t, []string{
		"reload alpha https://alpha.invalid [alpha-1 alpha-2] enabled",
		"connect alpha.invalid:443 intercepted alpha 200",
		"request tunnel GET alpha.invalid/x",
		"attempt GET alpha.invalid/x alpha alpha-1",
		"answer 30 429",
		"end whole",
		"attempt GET alpha.invalid/x alpha alpha-2",
		"answer 200",
		"end whole",
		"done bridged alpha central 200",
		"request absolute GET alpha.invalid:80/x",
		"done refused none 407",
		"connect alpha.invalid:22 refused 403",
		"request absolute GET alpha.invalid:80/break",
		"attempt GET alpha.invalid/break alpha own",
		"answer 200",
		"chunks",
		"end truncated",
		"done bridged alpha own 200",
		"heal alpha alpha-1",
		"reload failed",
	}, sink.story(t))
}
