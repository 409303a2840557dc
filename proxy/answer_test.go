package proxy_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

func TestResponseTrailers(t *testing.T) {
	modes(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Trailer", "X-Announced")
		_, _ = io.WriteString(rw, "body")
		rw.Header().Set("X-Announced", "1")
		rw.Header().Set(http.TrailerPrefix+"X-Late", "2")
	}, nil, func(t *testing.T, w *world, c *rawTunnel) {
		got := c.get("alpha.invalid", "/x")
		require.NoError(t, got.err)
		assert.Equal(t, "body", got.body)
		assert.Equal(t, http.Header{"X-Announced": {"1"}, "X-Late": {"2"}}, got.Trailer)
		assert.Empty(t, got.Header.Get("X-Announced"))
	})
}

// The whole of an answer: its status, its header less what is hop-by-hop, plus ours.
func TestAnswersAreForwardedWhole(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(z, "hello")
	_ = z.Close()
	modes(t, func(rw http.ResponseWriter, r *http.Request) {
		h := rw.Header()
		h["Date"] = nil
		switch r.URL.Path {
		case "/plain":
			h["Content-Type"] = nil
			_, _ = io.WriteString(rw, "<html>")
		case "/hop":
			h.Set("Connection", "X-Hop")
			h.Set("X-Hop", "1")
			h.Set("Keep-Alive", "timeout=5")
			h.Set("Proxy-Authenticate", "Basic")
			h.Set("Upgrade", "h2c")
			h.Set("Content-Type", "a/b")
			h.Set("Date", "yesterday")
			h.Add("Set-Cookie", "a=1")
			h.Add("Set-Cookie", "b=2")
			h.Set(proxy.HeaderRequestID, "mine")
			h.Set(proxy.HeaderCredential, "stolen")
			h.Set("Retry-After", "7")
			rw.WriteHeader(529)
		case "/gzip":
			h.Set("Content-Type", "a/b")
			h.Set("Content-Encoding", "gzip")
			_, _ = rw.Write(zipped.Bytes())
		}
	}, nil, func(t *testing.T, w *world, c *rawTunnel) {
		ours := func(got answer) http.Header {
			assert.Len(t, got.Header[proxy.HeaderRequestID], 1)
			assert.NotEqual(t, "mine", got.Header.Get(proxy.HeaderRequestID))
			assert.Len(t, got.Header[proxy.HeaderCredential], 1)
			assert.NotEqual(t, "stolen", got.Header.Get(proxy.HeaderCredential))
			got.Header.Del(proxy.HeaderRequestID)
			got.Header.Del(proxy.HeaderCredential)
			return got.Header
		}
		got := c.get("alpha.invalid", "/plain")
		assert.Equal(t, "<html>", got.body)
		assert.Equal(t, http.Header{"Content-Length": {"6"}}, ours(got), "nothing is guessed, nothing added")

		got = c.get("alpha.invalid", "/hop")
		assert.Equal(t, 529, got.StatusCode)
		assert.Equal(t, http.Header{"Content-Length": {"0"}, "Content-Type": {"a/b"}, "Date": {"yesterday"},
			"Set-Cookie": {"a=1", "b=2"}, "Retry-After": {"7"}}, ours(got))

		got = c.get("alpha.invalid", "/gzip", "Accept-Encoding: gzip")
		assert.Equal(t, zipped.String(), got.body, "whoever asked for it gets it")
		assert.Equal(t, http.Header{"Content-Length": {fmt.Sprint(zipped.Len())}, "Content-Type": {"a/b"}, "Content-Encoding": {"gzip"}}, ours(got))

		got = c.get("alpha.invalid", "/gzip")
		if strings.Contains(t.Name(), "passed") {
			assert.Equal(t, zipped.String(), got.body, "passed through untouched")
		} else {
			assert.Equal(t, "hello", got.body, "who did not ask gets it decoded")
			assert.Equal(t, http.Header{"Content-Type": {"a/b"}}, ours(got))
		}
	})
}

func TestFraming(t *testing.T) {
	modes(t, func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/204":
			rw.WriteHeader(204)
		case "/304":
			rw.Header().Set("Etag", "x")
			rw.WriteHeader(304)
		case "/length":
			rw.Header().Set("Content-Length", "5")
			_, _ = io.WriteString(rw, "hello")
		default:
			_, _ = io.WriteString(rw, "hel")
			rw.(http.Flusher).Flush()
			_, _ = io.WriteString(rw, "lo")
		}
	}, nil, func(t *testing.T, w *world, c *rawTunnel) {
		for _, path := range []string{"/204", "/304"} {
			got := c.get("alpha.invalid", path)
			assert.Equal(t, path, fmt.Sprint("/", got.StatusCode))
			assert.Empty(t, got.body)
			assert.Empty(t, got.TransferEncoding)
		}
		for _, path := range []string{"/length", "/chunked"} {
			c.send("HEAD " + path + " HTTP/1.1\nHost: alpha.invalid\n\n")
			got := c.read(http.MethodHead)
			assert.Equal(t, 200, got.StatusCode)
			assert.Empty(t, got.TransferEncoding, path)
		}
		got := c.get("alpha.invalid", "/chunked")
		assert.Equal(t, "hello", got.body)
		assert.Equal(t, []string{"chunked"}, got.TransferEncoding)

		c.send("GET /chunked HTTP/1.0\nHost: alpha.invalid\n\n")
		got = c.read(http.MethodGet)
		assert.NoError(t, got.err)
		assert.Equal(t, "hello", got.body)
		assert.Empty(t, got.TransferEncoding, "HTTP/1.0 knows no chunks")
		assert.False(t, c.ended.Load(), "a good end is one by close_notify")
	})
}
