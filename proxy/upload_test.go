package proxy_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A failure in the middle of an upload is answered, and ends the connection: what is
// left of the body could pass for a request.
func TestUpstreamFailsDuringAnUpload(t *testing.T) {
	w := serving(t, func(rw http.ResponseWriter, r *http.Request) {
		conn, _, err := rw.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_ = conn.(*tls.Conn).NetConn().Close()
	}, nil)
	w.source.set(row("alpha", "https://alpha.invalid"))
	w.reload()
	c := w.tunnel("alpha.invalid:443", "")
	c.send("POST /x HTTP/1.1\nHost: alpha.invalid\nContent-Length: 10485760\n\n" + strings.Repeat("x", 2<<20))
	got := c.read("POST")
	assert.Equal(t, 502, got.StatusCode)
	assert.True(t, got.Close)
	_, err := c.br.ReadByte()
	assert.Error(t, err)
}

// Bodies of every size and framing arrive whole, and every attempt has the same bytes.
func TestRequestBodies(t *testing.T) {
	var mu sync.Mutex
	sums := map[string]int{}
	w := serving(t, func(rw http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		mu.Lock()
		sums[r.URL.Path]++
		mu.Unlock()
		_, _ = fmt.Fprintf(rw, "%d %v", n, err)
	}, nil)
	w.source.set(row("alpha", "https://alpha.invalid"))
	w.reload()
	client := w.client("")
	for _, size := range []int{1, 100, 1<<20 - 1, 1 << 20, 1<<20 + 1, 3 << 20} {
		for _, framing := range []string{"length", "chunked"} {
			body := io.Reader(strings.NewReader(strings.Repeat("x", size)))
			if framing == "chunked" {
				body = io.MultiReader(body)
			}
			req, err := http.NewRequestWithContext(t.Context(), "POST", "https://alpha.invalid/x", body)
			require.NoError(t, err)
			got := fetch(t, client, req)
			assert.Equal(t, 200, got.StatusCode)
			assert.Equal(t, fmt.Sprintf("%d <nil>", size), got.body, framing)
		}
	}
	assert.Len(t, w.dialled(), 1, "no upload costs the upstream connection")
}

// An answer that comes before the request's end is forwarded, and the rest of the
// request is not read.
func TestEarlyAnswer(t *testing.T) {
	modes(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Connection", "close")
		rw.WriteHeader(413)
	}, nil, func(t *testing.T, w *world, c *rawTunnel) {
		w.source.set() // no pool that would read the body first
		w.reload()
		c.send("POST /x HTTP/1.1\nHost: alpha.invalid\nContent-Length: 1073741824\n\n")
		wrote := make(chan int, 1)
		go func() {
			total, block := 0, make([]byte, 64<<10)
			for total < 1<<30 {
				n, err := c.conn.Write(block)
				total += n
				if err != nil {
					break
				}
			}
			wrote <- total
		}()
		got := c.read("POST")
		assert.Equal(t, 413, got.StatusCode)
		assert.True(t, got.Close, "nothing can follow an unread body")
		_ = c.conn.(*tls.Conn).NetConn().Close()
		assert.Less(t, <-wrote, 64<<20)
	})
}

// An answer to a client that has stopped in the middle of its request must not wait
// for the rest.
func TestEarlyAnswerToAStalledUpload(t *testing.T) {
	w := serving(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Connection", "close")
		rw.WriteHeader(413)
		_, _ = io.WriteString(rw, "too large")
	}, nil)
	w.source.set(row("alpha", "https://alpha.invalid"))
	w.reload()
	c := w.tunnel("alpha.invalid:443", "")
	c.send("POST /x HTTP/1.1\nHost: alpha.invalid\nContent-Length: 10485760\n\n" + strings.Repeat("x", 2<<20))
	got := c.read("POST")
	assert.Equal(t, 413, got.StatusCode)
	assert.Equal(t, "too large", got.body)
	_, err := c.br.ReadByte()
	assert.Error(t, err, "and the connection is closed")
}

// An answer may begin while a large body is still on its way, and end after it.
func TestBothDirectionsAtOnce(t *testing.T) {
	w := serving(t, func(rw http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(rw).EnableFullDuplex()
		_, _ = io.WriteString(rw, "begun ")
		rw.(http.Flusher).Flush()
		n, err := io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprint(rw, n, " ", err)
	}, nil)
	w.source.set(row("alpha", "https://alpha.invalid"))
	w.reload()
	c := w.tunnel("alpha.invalid:443", "")
	half := strings.Repeat("x", 2<<20)
	c.send("POST /x HTTP/1.1\nHost: alpha.invalid\nContent-Length: 4194304\n\n" + half)
	resp, err := http.ReadResponse(c.br, nil)
	require.NoError(t, err)
	_, err = io.ReadFull(resp.Body, make([]byte, len("begun ")))
	require.NoError(t, err)
	c.send(half)
	rest, err := io.ReadAll(resp.Body)
	assert.NoError(t, err)
	assert.Equal(t, "4194304 <nil>", string(rest))
}

func TestExpectContinue(t *testing.T) {
	modes(t, func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		rw.Header().Set("X-Expect", r.Header.Get("Expect"))
		_, _ = rw.Write(body)
	}, nil, func(t *testing.T, w *world, c *rawTunnel) {
		c.send("POST /x HTTP/1.1\nHost: alpha.invalid\nContent-Length: 2\nExpect: 100-continue\n\n")
		line, err := c.br.ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, "HTTP/1.1 100 Continue\r\n", line)
		_, err = c.br.ReadString('\n')
		require.NoError(t, err)
		c.send("hi")
		got := c.read("POST")
		assert.Equal(t, 200, got.StatusCode)
		assert.Equal(t, "hi", got.body)
		if strings.Contains(t.Name(), "bridged") {
			assert.Empty(t, got.Header.Get("X-Expect"), "the gateway has said continue")
		} else {
			assert.Equal(t, "100-continue", got.Header.Get("X-Expect"))
		}
	})
}

// A body that breaks off is the client's doing: no upstream is told of it, and nobody
// is called unavailable.
func TestBrokenRequestBody(t *testing.T) {
	modes(t, func(rw http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }, nil,
		func(t *testing.T, w *world, c *rawTunnel) {
			for _, size := range []int{0, 2 << 20} { // read ahead, and streamed
				if size > 0 {
					w.source.set() // without a pool, which would read it whole
					w.reload()
					c = w.tunnelAgain(c)
				}
				c.send("POST /x HTTP/1.1\nHost: alpha.invalid\nTransfer-Encoding: chunked\n\n")
				if size > 0 {
					c.send(fmt.Sprintf("%x\n%s\n", size, strings.Repeat("x", size)))
				}
				c.send("zz\n")
				got := c.read("POST")
				assert.Equal(t, 400, got.StatusCode)
				assert.True(t, got.Close)
				_, err := c.br.ReadByte()
				assert.Error(t, err)
			}
		})
}
