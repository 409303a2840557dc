package fakeupstream_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// selfSigned makes a certificate for a host.
func selfSigned(t *testing.T, host string) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// wireWorld serves an upstream on the loopback, with TLS or without.
type wireWorld struct {
	up   *fakeupstream.Upstream
	addr string
	tls  bool
	ends chan fakeupstream.Request
	// release is how an answer that is held begins.
	release string
}

func newWireWorld(t *testing.T, withTLS bool, rules ...string) *wireWorld {
	t.Helper()
	w := &wireWorld{tls: withTLS, ends: make(chan fakeupstream.Request, 10)}
	w.up = fakeupstream.New(fakeupstream.Config{Name: "alpha.invalid", Secrets: secrets(), OnEnd: func(r fakeupstream.Request) { w.ends <- r }})
	w.up.Play(parseAll(t, rules...)...)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w.addr = l.Addr().String()
	if withTLS {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{selfSigned(t, "alpha.invalid")}})
	}
	srv := &http.Server{Handler: w.up}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	return w
}

func (w *wireWorld) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", w.addr)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second))) // a hang is a failure, not a wait
	if w.tls {
		return tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	}
	return conn
}

// talk sends one request and returns all that came back, and how it ended. An answer that is held goes on when
// wait bytes of it have been read: a reset destroys what its peer has not read yet.
func (w *wireWorld) talk(t *testing.T, request string) (string, error) {
	t.Helper()
	conn := w.dial(t)
	_, err := io.WriteString(conn, request)
	require.NoError(t, err)
	var got []byte
	for buf := make([]byte, 4096); ; {
		n, err := conn.Read(buf)
		got = append(got, buf[:n]...)
		switch {
		case err == io.EOF:
			return string(got), nil
		case err != nil:
			return string(got), err
		case strings.HasSuffix(string(got), w.release) && w.release != "":
			for w.up.Release() == 0 { // it writes, and then it is held
				runtime.Gosched()
			}
		}
	}
}

const (
	askStream = "POST /v1/chat/completions HTTP/1.1\r\nHost: alpha.invalid\r\nContent-Length: 15\r\n\r\n{\"stream\":true}"
	askPlain  = "POST /v1/chat/completions HTTP/1.1\r\nHost: alpha.invalid\r\nContent-Length: 2\r\n\r\n{}"
)

// body returns what stands behind the header.
func bodyOf(got string) string {
	_, body, _ := strings.Cut(got, "\r\n\r\n")
	return body
}

var noFrames = regexp.MustCompile(`(?m)^[0-9a-f]+\r\n`)

// ending says how the reading of a connection ended.
func ending(err error) string {
	switch {
	case err == nil:
		return "end"
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "cut"
	default:
		return err.Error()
	}
}

const sseBody = `body="data: 1\n\ndata: 2\n\ndata: 3\n\n"`

func TestBreaksOnTheWire(t *testing.T) {
	tests := []struct {
		words   string
		body    string // exactly; of the answer, framing included
		tls     string // how it ends
		plain   string
		broke   string
		status  int
		events  int
		announc string // the line that frames the body
	}{
		{`hold at=event:2 reset after=event:2`, "9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n", "reset", "reset", "reset after event 2", 200, 2, "Transfer-Encoding: chunked"},
		{`hold at=event:0 reset after=event:0`, "", "reset", "reset", "reset after event 0", 200, 0, "Transfer-Encoding: chunked"},
		{`hold at=byte:12 reset after=byte:12`, "9\r\ndata: 1\n\n\r\n9\r\ndat", "reset", "reset", "reset after byte 12", 200, 1, "Transfer-Encoding: chunked"},
		{`hold at=chunk:2 reset after=chunk:2`, "9\r\ndata: 1\n\n\r\n9", "reset", "reset", "reset within the size of chunk 2", 200, 1, "Transfer-Encoding: chunked"},
		{`hold at=trailer reset after=trailer`, "9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n9\r\ndata: 3\n\n\r\n0\r\n", "reset", "reset", "reset before the trailer", 200, 3, "Transfer-Encoding: chunked"},
		{`truncate after=event:2`, "9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n", "end", "end", "truncated after event 2", 200, 2, "Transfer-Encoding: chunked"},
		{`close after=event:2`, "9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n", "end", "end", "closed after event 2", 200, 2, "Transfer-Encoding: chunked"},
		{`truncate after=byte:12 length=27`, "data: 1\n\ndat", "end", "end", "truncated after byte 12", 200, 1, "Content-Length: 27"},
		{`garbage after=event:1`, "9\r\ndata: 1\n\n\r\n1b\r\n\x00\xff\xfe gatedrill garbage \x01\r\n\r\n\r\n9\r\ndata: 2\n\n\r\n9\r\ndata: 3\n\n\r\n0\r\n\r\n", "end", "end", "sent garbage after event 1", 200, 3, "Transfer-Encoding: chunked"},
		{`garbage after=byte:3`, "3\r\ndat\r\n1b\r\n\x00\xff\xfe gatedrill garbage \x01\r\n\r\n\r\n6\r\na: 1\n\n\r\n9\r\ndata: 2\n\n\r\n9\r\ndata: 3\n\n\r\n0\r\n\r\n", "end", "end", "sent garbage after byte 3", 200, 3, "Transfer-Encoding: chunked"},
		{`garbage after=chunk:2`, "9\r\ndata: 1\n\n\r\n9\x00\xff\xfe gatedrill garbage \x01\r\n\r\n", "end", "end", "sent garbage within the size of chunk 2", 200, 1, "Transfer-Encoding: chunked"},
		{`length=5`, "data: 1\n\ndata: 2\n\ndata: 3\n\n", "end", "end", "announced 5 bytes and sent 27", 200, 3, "Content-Length: 5"},
		{`length=50`, "data: 1\n\ndata: 2\n\ndata: 3\n\n", "end", "end", "announced 50 bytes and sent 27", 200, 3, "Content-Length: 50"},
		{`duplicate=event:2`, "9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n9\r\ndata: 2\n\n\r\n9\r\ndata: 3\n\n\r\n0\r\n\r\n", "end", "end", "sent event 2 twice", 200, 3, "Transfer-Encoding: chunked"},
		{`http=1.0`, "data: 1\n\ndata: 2\n\ndata: 3\n\n", "end", "end", "", 200, 3, ""},
		{`trailer=X-Sum:abc trailer="X-More: 1 2"`, "9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n9\r\ndata: 3\n\n\r\n0\r\nX-Sum: abc\r\nX-More: 1 2\r\n\r\n", "end", "end", "", 200, 3, "Trailer: X-Sum\r\nTrailer: X-More"},
		{`slow rate=100000B/s`, "9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n9\r\ndata: 3\n\n\r\n0\r\n\r\n", "end", "end", "", 200, 3, "Transfer-Encoding: chunked"},
	}
	for _, test := range tests {
		for _, withTLS := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s tls=%v", test.words, withTLS), func(t *testing.T) {
				w := newWireWorld(t, withTLS, "key any: 200 "+sseBody+" "+test.words)
				if strings.HasPrefix(test.words, "hold") {
					w.release = test.body
					if test.body == "" {
						w.release = "\r\n\r\n"
					}
				}
				got, err := w.talk(t, askPlain)
				want := test.plain
				if withTLS {
					want = test.tls
				}
				assert.Equal(t, want, ending(err), "how %q ends", test.words)
				assert.Equal(t, test.body, bodyOf(got), "body of %q", test.words)
				assert.Contains(t, got, test.announc, "header of %q", test.words)
				assert.Contains(t, got, "\r\nConnection: close\r\n", "header of %q", test.words)
				end := <-w.ends
				assert.Equal(t, test.broke, end.Broke, "Broke of %q", test.words)
				assert.Equal(t, test.events, end.Events, "Events of %q", test.words)
				assert.Equal(t, test.status, end.Status, "Status of %q", test.words)
				assert.False(t, end.Left, "Left of %q", test.words)
				assert.Empty(t, w.up.Faults())
			})
		}
	}
}

// In good order is what crypto/tls cannot tell: it takes an end without close_notify for one at a record's boundary.
func TestCloseLeavesTheAlertOut(t *testing.T) {
	const alert = 5 + 2 + 1 + 16 // header, alert, inner type and tag: RFC 8446, section 5.2
	for words, want := range map[string]bool{"close": false, "half-close": true, "truncate": true} {
		w := newWireWorld(t, true, "key any: 200 "+sseBody+" "+words+" after=byte:12")
		tcp, err := net.Dial("tcp", w.addr)
		require.NoError(t, err)
		seen := &teeConn{Conn: tcp}
		conn := tls.Client(seen, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13})
		io.WriteString(conn, askPlain)
		_, err = io.ReadAll(conn)
		require.NoError(t, err)
		conn.Close()
		last := 0
		for rest := seen.got.Bytes(); len(rest) >= 5; rest = rest[last:] {
			last = 5 + int(rest[3])<<8 + int(rest[4])
		}
		assert.Equal(t, want, last == alert, "%s ends with close_notify; its last record has %d bytes", words, last)
	}
}

// teeConn keeps what it read.
type teeConn struct {
	net.Conn
	got bytes.Buffer
}

func (c *teeConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.got.Write(p[:n])
	return n, err
}

func TestBreaksBeforeTheBody(t *testing.T) {
	tests := []struct{ words, want, tls, broke string }{
		{"reset after=status", `^$`, "reset", "reset before the status line"},
		{"truncate after=status", `^$`, "end", "truncated before the status line"},
		{"garbage after=status", `^\x{0}..? gatedrill garbage \x{1}\r\n\r\n$`, "end", "sent garbage before the status line"},
		{"reset after=headers", `^HTTP/1.1 200 OK\r\n[^\x{0}]*[^\n]$`, "reset", "reset within the header"},
		{"close after=headers", `^HTTP/1.1 200 OK\r\n[^\x{0}]*[^\n]$`, "end", "closed within the header"},
	}
	for _, test := range tests {
		t.Run(test.words, func(t *testing.T) {
			w := newWireWorld(t, true, "key any: 200 "+test.words)
			got, err := w.talk(t, askPlain)
			assert.Equal(t, test.tls, ending(err), "how it ends")
			assert.Regexp(t, test.want, strings.ToValidUTF8(got, "?"))
			assert.NotContains(t, got, "\r\n\r\n{", "a body")
			end := <-w.ends
			assert.Equal(t, test.broke, end.Broke)
			assert.Zero(t, end.Status, "Status of an answer whose header was not sent")
		})
	}
}

func TestHalfCloseGoesOnReading(t *testing.T) {
	for _, withTLS := range []bool{false, true} {
		w := newWireWorld(t, withTLS, "key any: 200 "+sseBody+" half-close after=event:1")
		conn := w.dial(t)
		io.WriteString(conn, askPlain)
		got, err := io.ReadAll(conn)
		require.NoError(t, err, "a half close is an end in good order, TLS %v", withTLS)
		assert.Equal(t, "9\r\ndata: 1\n\n\r\n", bodyOf(string(got)))
		for range 3 {
			_, err = io.WriteString(conn, "more")
			assert.NoError(t, err, "writing after a half close, TLS %v", withTLS)
		}
		assert.Empty(t, w.ends, "the answer is over while its requester is there")
		conn.Close()
		assert.Equal(t, "half closed after event 1", (<-w.ends).Broke)
	}
}

func TestErrorEventEndsTheStreamInTheVendorsShape(t *testing.T) {
	tests := []struct{ path, words, want string }{
		{"/v1/chat/completions", "", `data: {"error":{"message":"The server had an error while processing your request. Sorry about that!","type":"server_error","param":null,"code":null}}`},
		{"/v1/responses", "code=rate_limit_exceeded", "event: error\n" + `data: {"type":"error","sequence_number":6,"code":"rate_limit_exceeded","message":"The server had an error while processing your request. Sorry about that!","param":null}`},
		{"/v1/messages", "", "event: error\n" + `data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_…"}`},
	}
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			w := newWireWorld(t, false, "key any: 200 stream "+test.words+" error after=event:2")
			resp, err := http.Post("http://"+w.addr+test.path, "application/json", strings.NewReader("{}"))
			require.NoError(t, err)
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err, "the stream ends in good order")
			events := strings.Split(strings.TrimSuffix(string(body), "\n\n"), "\n\n")
			last := regexp.MustCompile(`req_\w+`).ReplaceAllString(events[len(events)-1], "req_…")
			assert.Equal(t, test.want, last)
			end := <-w.ends
			assert.Equal(t, "sent an error event after event 2", end.Broke)
			assert.Equal(t, 2, end.Events)
		})
	}
}

func TestGzipIsSentEventByEvent(t *testing.T) {
	w := newWireWorld(t, false, "key any: 200 "+sseBody+" gzip")
	got, err := w.talk(t, askPlain)
	require.NoError(t, err)
	assert.Contains(t, got, "\r\nContent-Encoding: gzip\r\n")
	resp, err := http.ReadResponse(newReader(got), nil)
	require.NoError(t, err)
	z, err := gzip.NewReader(resp.Body)
	require.NoError(t, err)
	body, err := io.ReadAll(z)
	require.NoError(t, err)
	assert.Equal(t, "data: 1\n\ndata: 2\n\ndata: 3\n\n", string(body))
	assert.Len(t, noFrames.FindAllString(bodyOf(got), -1), 4, "three chunks and the last")
}

func TestEarlyHintsComeFirst(t *testing.T) {
	w := newWireWorld(t, false, "key any: 200 early-hints")
	got, err := w.talk(t, askPlain)
	require.NoError(t, err)
	assert.Regexp(t, `^HTTP/1\.1 103 Early Hints\r\nLink: [^\r]+\r\n\r\nHTTP/1\.1 200 OK\r\n`, got)
}

// The request announces a body that it never sends: only an early answer can come.
func TestEarlyAnswersDoNotWaitForTheBody(t *testing.T) {
	for _, way := range []string{"read", "close"} {
		w := newWireWorld(t, true, "key any: 413 early="+way)
		conn := w.dial(t)
		io.WriteString(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: alpha.invalid\r\nContent-Length: 1000000\r\n\r\n")
		got, err := io.ReadAll(conn)
		assert.NoError(t, err, "early=%s", way)
		assert.True(t, strings.HasPrefix(string(got), "HTTP/1.1 413 Request Entity Too Large\r\n"), "early=%s: got %q", way, got)
		conn.Close()
		assert.Contains(t, (<-w.ends).Broke, "before the request's body was read", "early=%s", way)
	}
}

func TestExpectContinue(t *testing.T) {
	const head = "POST /v1/chat/completions HTTP/1.1\r\nHost: alpha.invalid\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
	t.Run("ignored", func(t *testing.T) {
		w := newWireWorld(t, false, "key any: 200 continue=ignored")
		got, err := w.talk(t, head+"{}")
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n"), "got %q", got)
		assert.Equal(t, "{}", string((<-w.ends).Body))
	})
	t.Run("refused", func(t *testing.T) {
		w := newWireWorld(t, false, "key any: 417 continue=refused")
		got, err := w.talk(t, head)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(got, "HTTP/1.1 417 Expectation Failed\r\n"), "got %q", got)
	})
	t.Run("never", func(t *testing.T) {
		w := newWireWorld(t, false, "key any: 200 continue=never")
		conn := w.dial(t)
		io.WriteString(conn, head)
		require.NoError(t, conn.(*net.TCPConn).CloseWrite())
		got, err := io.ReadAll(conn)
		require.NoError(t, err)
		assert.Empty(t, string(got))
		assert.True(t, (<-w.ends).Left)
	})
	t.Run("not expected", func(t *testing.T) {
		w := newWireWorld(t, false, "key any: 417 continue=refused")
		_, err := w.talk(t, askPlain)
		require.NoError(t, err)
		assert.Equal(t, []string{`unreached: alpha.invalid: POST /v1/chat/completions key=none: "417 continue=refused": the request does not expect 100-continue`}, texts(w.up.Faults()))
	})
}

func newReader(s string) *bufio.Reader { return bufio.NewReader(strings.NewReader(s)) }
