package proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// hinting gives informational answers in front of its own: as many 103s as the path says.
func hinting(rw http.ResponseWriter, r *http.Request) {
	n := 0
	_, _ = fmt.Sscanf(r.URL.Path, "/%d", &n)
	h := rw.Header()
	for i := range n {
		h["Link"] = []string{fmt.Sprintf("</%d>", i)}
		h.Set("Connection", "X-Hop")
		h.Set("X-Hop", "1")
		h.Set(proxy.HeaderCredential, "forged")
		rw.WriteHeader(http.StatusEarlyHints)
	}
	clear(h)
	_, _ = io.Copy(io.Discard, r.Body)
	h.Set("Answer", "whole")
	_, _ = io.WriteString(rw, "body")
}

// Informational answers come through in order and at once, less what is not the client's,
// and leave nothing in the answer.
func TestInformationalAnswers(t *testing.T) {
	w := newWorld(t, nil)
	w.upstream(http.HandlerFunc(hinting), "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
	w.reload()
	c := w.tunnel("alpha.invalid:443", "")
	for _, credential := range []string{"central", "none"} {
		for range 2 {
			c.send("GET /2 HTTP/1.1\nHost: alpha.invalid\n\n")
			id := ""
			for i := range 2 {
				hint, err := http.ReadResponse(c.br, nil)
				require.NoError(t, err)
				assert.Equal(t, 103, hint.StatusCode)
				assert.Equal(t, http.Header{"Link": {fmt.Sprintf("</%d>", i)}, proxy.HeaderCredential: {credential},
					proxy.HeaderRequestID: hint.Header[proxy.HeaderRequestID]}, hint.Header)
				id = hint.Header.Get(proxy.HeaderRequestID)
			}
			got := c.read(http.MethodGet)
			assert.Equal(t, 200, got.StatusCode)
			assert.Equal(t, "body", got.body)
			assert.Equal(t, "whole", got.Header.Get("Answer"))
			assert.Empty(t, got.Header["Link"])
			assert.Equal(t, id, got.Header.Get(proxy.HeaderRequestID))
		}
		w.source.set() // and the same when it is passed through
		w.reload()
	}
}

// Go's own client sees them too, and a retry after a refused key goes on as ever.
func TestInformationalAnswersToAClient(t *testing.T) {
	w := newWorld(t, nil)
	w.upstream(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer sk-1" {
			rw.WriteHeader(http.StatusProcessing)
			rw.WriteHeader(http.StatusTooManyRequests)
			return
		}
		hinting(rw, r)
	}), "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1", "sk-2"))
	w.reload()
	var codes []int
	req := request(t, "POST", "https://alpha.invalid/1", "question")
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, _ textproto.MIMEHeader) error { codes = append(codes, code); return nil },
	}))
	got := fetch(t, w.client(""), req)
	assert.Equal(t, 200, got.StatusCode)
	assert.Equal(t, "body", got.body)
	assert.Equal(t, []int{102, 103}, codes)
}

// Who would not understand them, or would get them in the middle of something else, gets
// none; an upstream that gives nothing else has failed.
func TestInformationalAnswersThatAreKept(t *testing.T) {
	w := newWorld(t, nil)
	w.upstream(http.HandlerFunc(hinting), "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
	w.reload()
	c := w.tunnel("alpha.invalid:443", "")
	c.send("GET /2 HTTP/1.0\nConnection: keep-alive\n\n")
	assert.Equal(t, 200, c.read(http.MethodGet).StatusCode, "HTTP/1.0")

	c.send("GET /16 HTTP/1.1\nHost: alpha.invalid\n\n")
	for range 16 {
		assert.Equal(t, 103, c.read(http.MethodGet).StatusCode)
	}
	assert.Equal(t, 200, c.read(http.MethodGet).StatusCode)

	c.send("GET /17 HTTP/1.1\nHost: alpha.invalid\n\n")
	for range 16 {
		assert.Equal(t, 103, c.read(http.MethodGet).StatusCode)
	}
	assert.Equal(t, 502, c.read(http.MethodGet).StatusCode, "one too many")
}

// While a client is still sending, net/http may be telling it to continue at any moment:
// nothing else is said then.
func TestInformationalAnswersDuringAnUpload(t *testing.T) {
	inBubble(t, func(c *proxy.Config) { c.MaxReplayBytes = -1 }, hinting, func(t *testing.T, b *bubble) {
		c := b.tunnel()
		const size = 2 << 20
		c.send(fmt.Sprintf("POST /2 HTTP/1.1\nHost: alpha.invalid\nContent-Length: %d\n\n", size))
		_, err := c.conn.Write(make([]byte, size-1))
		require.NoError(t, err)
		synctest.Wait()
		_, err = c.conn.Write(make([]byte, 1))
		require.NoError(t, err)
		assert.Equal(t, 200, c.read(http.MethodPost).StatusCode)
		_ = c.conn.Close()
	})
}

// A client that takes nothing, and leaves, holds up nobody: no lock is held while it is
// written to, and nothing is written once the request is over.
func TestInformationalAnswersToNobody(t *testing.T) {
	inBubble(t, nil, func(rw http.ResponseWriter, r *http.Request) {
		<-time.After(time.Second)
		hinting(rw, r)
		<-r.Context().Done()
	}, func(t *testing.T, b *bubble) {
		c := b.tunnel()
		c.send("GET /2 HTTP/1.1\nHost: alpha.invalid\n\n")
		synctest.Wait()
		require.NoError(t, c.conn.Close())
		pass(time.Minute)
	})
}
