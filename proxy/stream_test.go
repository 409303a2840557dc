package proxy_test

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/proxy"
)

// serving is a world with alpha at alpha.invalid, whose upstream is handler.
func serving(t *testing.T, handler http.HandlerFunc, change func(*proxy.Config)) *world {
	w := newWorld(t, change)
	w.upstream(handler, "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
	w.reload()
	return w
}

// modes runs a test against a bridged tunnel and against one that is passed through.
func modes(t *testing.T, handler http.HandlerFunc, change func(*proxy.Config), test func(t *testing.T, w *world, c *rawTunnel)) {
	for _, mode := range []string{"bridged", "passed through"} {
		t.Run(mode, func(t *testing.T) {
			w := serving(t, handler, change)
			c := w.tunnel("alpha.invalid:443", "")
			if mode == "passed through" {
				w.source.set()
				w.reload()
			}
			test(t, w, c)
		})
	}
}

// Each event arrives before the next is sent, the header before the first.
func TestStreamsFlow(t *testing.T) {
	next := make(chan string)
	modes(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/event-stream")
		rw.(http.Flusher).Flush()
		for event := range next {
			if event == "" {
				return
			}
			_, _ = io.WriteString(rw, event)
			rw.(http.Flusher).Flush()
		}
	}, nil, func(t *testing.T, w *world, c *rawTunnel) {
		c.send("POST /x HTTP/1.1\nHost: alpha.invalid\nContent-Length: 2\n\n{}")
		resp, err := http.ReadResponse(c.br, nil)
		require.NoError(t, err, "the header comes before any event")
		for i := range 3 {
			event := fmt.Sprintf("data: %d\n\n", i)
			next <- event
			got := make([]byte, len(event))
			_, err := io.ReadFull(resp.Body, got)
			require.NoError(t, err)
			assert.Equal(t, event, string(got))
		}
		next <- ""
		rest, err := io.ReadAll(resp.Body)
		assert.NoError(t, err)
		assert.Empty(t, rest)
	})
}

// A part of an answer of known length does not wait for the rest.
func TestKnownLengthFlowsAsWell(t *testing.T) {
	release := make(chan struct{})
	modes(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Length", "4")
		_, _ = io.WriteString(rw, "ab")
		rw.(http.Flusher).Flush()
		<-release
		_, _ = io.WriteString(rw, "cd")
	}, nil, func(t *testing.T, w *world, c *rawTunnel) {
		c.send("GET /x HTTP/1.1\nHost: alpha.invalid\n\n")
		resp, err := http.ReadResponse(c.br, nil)
		require.NoError(t, err)
		got := make([]byte, 2)
		_, err = io.ReadFull(resp.Body, got)
		require.NoError(t, err)
		assert.Equal(t, "ab", string(got))
		release <- struct{}{}
		rest, err := io.ReadAll(resp.Body)
		assert.NoError(t, err)
		assert.Equal(t, "cd", string(rest))
	})
}

// An upstream that breaks off never looks like a clean end.
func TestTruncationIsVisible(t *testing.T) {
	for name, head := range map[string]string{
		"known length": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789",
		"chunked":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n",
		"in a chunk":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n0123456789",
		"to the end":   "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n0123456789",
	} {
		for _, version := range []string{"1.1", "1.0"} {
			t.Run(name+" to HTTP/"+version, func(t *testing.T) {
				modes(t, func(rw http.ResponseWriter, r *http.Request) {
					conn, _, err := rw.(http.Hijacker).Hijack()
					if err != nil {
						panic(err)
					}
					_, _ = io.WriteString(conn, head)
					// Below TLS, so that no close_notify makes it a good end.
					_ = conn.(*tls.Conn).NetConn().Close()
				}, nil, func(t *testing.T, w *world, c *rawTunnel) {
					c.send("GET /x HTTP/" + version + "\nHost: alpha.invalid\n\n")
					got := c.read(http.MethodGet)
					assert.Equal(t, 200, got.StatusCode)
					assert.Equal(t, "0123456789", got.body)
					if got.ContentLength < 0 && version == "1.0" {
						// crypto/tls overlooks it, others do not: there is no close_notify.
						assert.NoError(t, got.err)
						assert.True(t, c.ended.Load(), "the end looks like a good one")
						return
					}
					assert.ErrorIs(t, got.err, io.ErrUnexpectedEOF)
				})
			})
		}
	}
}

// When the client leaves, before the answer or in the middle of it, the upstream's
// request is cancelled.
func TestClientGoneCancelsTheUpstream(t *testing.T) {
	for _, when := range []string{"before the answer", "in the middle"} {
		t.Run(when, func(t *testing.T) {
			begun, cancelled := make(chan struct{}), make(chan struct{})
			modes(t, func(rw http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if when == "in the middle" {
					_, _ = io.WriteString(rw, "data: 1\n\n")
					rw.(http.Flusher).Flush()
				}
				begun <- struct{}{}
				<-r.Context().Done()
				cancelled <- struct{}{}
			}, nil, func(t *testing.T, w *world, c *rawTunnel) {
				c.send("POST /x HTTP/1.1\nHost: alpha.invalid\nContent-Length: 2\n\n{}")
				<-begun
				require.NoError(t, c.conn.(*tls.Conn).NetConn().Close())
				select {
				case <-cancelled:
				case <-time.After(10 * time.Second):
					t.Fatal("the upstream works on for nobody")
				}
			})
		})
	}
}

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

// An upstream's failure is an answer, and the tunnel stays usable.
func TestUpstreamFailures(t *testing.T) {
	fail := func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ok":
			_, _ = io.WriteString(rw, "ok")
			return
		case "/slow":
			<-r.Context().Done()
			return
		}
		conn, _, err := rw.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		switch r.URL.Path {
		case "/garbage":
			_, _ = io.WriteString(conn, "what\r\n\r\n")
		case "/101":
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
		case "/099":
			_, _ = io.WriteString(conn, "HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n")
		}
	}
	modes(t, fail, func(c *proxy.Config) { c.UpstreamTimeout = 200 * time.Millisecond }, func(t *testing.T, w *world, c *rawTunnel) {
		for path, want := range map[string]int{"/reset": 502, "/garbage": 502, "/101": 502, "/099": 502, "/slow": 504} {
			got := c.get("alpha.invalid", path)
			assert.Equal(t, want, got.StatusCode, path)
			assert.NotContains(t, got.body, "malformed", path)
			assert.Equal(t, "ok", c.get("alpha.invalid", "/ok").body, "after %s", path)
		}
	})
}

func TestUnreachableUpstreamInTheVendorsShape(t *testing.T) {
	w := newWorld(t, nil)
	w.source.set(proxy.Provider{Name: "alpha", Type: "anthropic", BaseURL: "https://alpha.invalid", Keys: []string{"sk-1"}})
	w.reload()
	got := w.tunnel("alpha.invalid:443", "").get("alpha.invalid", "/x")
	assert.Equal(t, 502, got.StatusCode)
	assert.JSONEq(t, `{"type":"error","error":{"type":"api_error","message":"the upstream cannot be reached, or broke off"},"request_id":null}`, got.body)
	assert.Equal(t, "application/json", got.Header.Get("Content-Type"))
}

// A certificate that nobody vouches for is a failure, not a warning.
func TestUpstreamCertificateIsVerified(t *testing.T) {
	w := newWorld(t, nil)
	up := w.upstream(http.HandlerFunc(echoKey), "other.invalid:443")
	w.at("alpha.invalid:443", up.Listener.Addr().String()) // whose certificate is other's
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1"))
	w.reload()
	assert.Equal(t, 502, w.tunnel("alpha.invalid:443", "").get("alpha.invalid", "/x").StatusCode)
}

// Two requests, one connection, whether or not the client closes its own, and across
// reloads.
func TestUpstreamConnectionsAreReused(t *testing.T) {
	w := serving(t, echoKey, nil)
	c := w.tunnel("alpha.invalid:443", "")
	require.Equal(t, 200, c.get("alpha.invalid", "/1").StatusCode)
	got := c.get("alpha.invalid", "/2", "Connection: close")
	require.Equal(t, 200, got.StatusCode)
	_, err := c.br.ReadByte()
	require.ErrorIs(t, err, io.EOF, "the client's wish is for its own connection")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-2"))
	w.reload()
	require.Equal(t, 200, w.tunnel("alpha.invalid:443", "").get("alpha.invalid", "/3").StatusCode)
	assert.Equal(t, []string{"alpha.invalid:443"}, w.dialled())
}

// An upstream that closed an idle connection costs a new one, and no error: also for a
// POST, and nothing is added to it.
func TestDeadIdleConnection(t *testing.T) {
	var mu sync.Mutex
	var conns []net.Conn
	up := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, has := r.Header["Idempotency-Key"]
		_, _ = fmt.Fprintf(rw, "%s %v", body, has)
	}))
	up.Config.ConnState = func(c net.Conn, s http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		if s == http.StateNew {
			conns = append(conns, c)
		}
	}
	w := newWorld(t, nil)
	up.TLS = &tls.Config{Certificates: []tls.Certificate{w.ca.leaf("alpha.invalid")}}
	up.StartTLS()
	defer up.Close()
	// The gateway's side is read by nobody while the connection is idle, as when the FIN
	// is still on its way: what the upstream closes shows with the next request only.
	w.at("alpha.invalid:443", up.Listener.Addr().String())
	w.source.set(row("alpha", "https://alpha.invalid"))
	w.reload()
	c := w.tunnel("alpha.invalid:443", "")
	post := func() answer {
		c.send("POST /x HTTP/1.1\nHost: alpha.invalid\nContent-Length: 2\n\nhi")
		return c.read("POST")
	}
	require.Equal(t, "hi false", post().body)
	for range 20 {
		mu.Lock()
		for _, conn := range conns {
			_ = conn.(*tls.Conn).NetConn().Close()
		}
		mu.Unlock()
		got := post()
		require.Equal(t, 200, got.StatusCode)
		require.Equal(t, "hi false", got.body)
	}
	mu.Lock()
	defer mu.Unlock()
	assert.Len(t, conns, 21)
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
	modes(t, echoKey, nil, func(t *testing.T, w *world, c *rawTunnel) {
		c.send("POST /x HTTP/1.1\nHost: alpha.invalid\nTransfer-Encoding: chunked\n\nzz\n")
		assert.Equal(t, 400, c.read("POST").StatusCode)
		_, err := c.br.ReadByte()
		assert.ErrorIs(t, err, io.EOF)
	})
}

// Failover, end to end: the client sees the last answer and nothing of the ones before.
func TestFailoverThroughATunnel(t *testing.T) {
	var mu sync.Mutex
	var tried []string
	w := newWorld(t, nil)
	w.upstream(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		tried = append(tried, r.Header.Get("Authorization")+" "+string(body))
		mu.Unlock()
		if r.Header.Get("Authorization") != "Bearer sk-3" {
			rw.Header().Set("Retry-After", "5")
			rw.Header().Set("X-Of-The-First", "1")
			rw.WriteHeader(429)
			return
		}
		_, _ = io.WriteString(rw, "fine")
	}), "alpha.invalid:443")
	w.source.set(row("alpha", "https://alpha.invalid", "sk-1", "sk-2", "sk-3"))
	w.reload()
	c := w.tunnel("alpha.invalid:443", "")
	c.send("POST /x HTTP/1.1\nHost: alpha.invalid\nContent-Length: 2\n\nhi")
	got := c.read("POST")
	assert.Equal(t, "fine", got.body)
	assert.NotContains(t, got.Header, "Retry-After")
	assert.NotContains(t, got.Header, "X-Of-The-First")
	assert.Equal(t, []string{"Bearer sk-1 hi", "Bearer sk-2 hi", "Bearer sk-3 hi"}, tried)

	w.source.set(row("alpha", "https://alpha.invalid", "sk-1", "sk-2"))
	w.reload()
	got = c.get("alpha.invalid", "/x")
	assert.Equal(t, 429, got.StatusCode)
	assert.NotEmpty(t, got.Header.Get("Retry-After"))
	assert.Equal(t, "central", got.Header.Get(proxy.HeaderCredential))
	assert.Len(t, tried, 3, "nobody is asked when all are cooling")
}

// A request keeps the snapshot that it began with, through any number of reloads.
func TestReloadDuringAStream(t *testing.T) {
	step := make(chan struct{})
	w := serving(t, func(rw http.ResponseWriter, r *http.Request) {
		for range 3 {
			_, _ = io.WriteString(rw, r.Header.Get("Authorization")+"\n")
			rw.(http.Flusher).Flush()
			<-step
		}
	}, nil)
	c := w.tunnel("alpha.invalid:443", "")
	c.send("GET /x HTTP/1.1\nHost: alpha.invalid\n\n")
	resp, err := http.ReadResponse(c.br, nil)
	require.NoError(t, err)
	step <- struct{}{}
	w.source.set()
	w.reload()
	step <- struct{}{}
	step <- struct{}{}
	body, err := io.ReadAll(resp.Body)
	assert.NoError(t, err)
	assert.Equal(t, strings.Repeat("Bearer sk-1\n", 3), string(body))
}
