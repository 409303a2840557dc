package bench_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// upstreamHost is the provider's name, and upstreamAddress what gateways dial for it.
const (
	upstreamHost    = "alpha.invalid"
	upstreamAddress = upstreamHost + ":443"
)

const (
	answerSize = 1 << 10
	events     = 25
	eventPause = 2 * time.Millisecond
)

// answer is what an upstream of the real world sends for a short completion.
var answer = []byte("HTTP/1.1 200 OK\r\n" +
	"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n" +
	"Content-Type: application/json\r\n" +
	"X-Request-Id: req_0123456789abcdef\r\n" +
	"X-Ratelimit-Remaining-Requests: 4999\r\n" +
	"X-Ratelimit-Remaining-Tokens: 149000\r\n" +
	"Content-Length: " + strconv.Itoa(answerSize) + "\r\n\r\n" + strings.Repeat("y", answerSize))

var streamHead = []byte("HTTP/1.1 200 OK\r\n" +
	"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n" +
	"Content-Type: text/event-stream\r\n" +
	"Transfer-Encoding: chunked\r\n\r\n")

// upstream answers requests over TLS, by hand: net/http's server would cost about as
// much as the gateways that are measured.
type upstream struct {
	listener net.Listener
	roots    *x509.CertPool
}

func startUpstream(tb testing.TB) *upstream {
	cert, roots := certificate(tb, upstreamHost)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	u := &upstream{listener: l, roots: roots}
	cfg := &tls.Config{Certificates: []tls.Certificate{cert}}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serveUpstream(tls.Server(conn, cfg))
		}
	}()
	tb.Cleanup(func() { _ = l.Close() })
	return u
}

// dial reaches the upstream whatever the address says.
func (u *upstream) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, u.listener.Addr().String())
}

func serveUpstream(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		stream, err := readRequest(in)
		if err != nil {
			return
		}
		if stream {
			err = sendEvents(conn)
		} else {
			_, err = conn.Write(answer)
		}
		if err != nil {
			return
		}
	}
}

// readRequest skips a request and reports whether it is one for a stream.
func readRequest(in *bufio.Reader) (stream bool, err error) {
	length := 0
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return false, err
		}
		if first {
			stream = bytes.Contains(line, []byte(streamPath))
		}
		if len(line) <= 2 {
			_, err = in.Discard(length)
			return stream, err
		}
		length = max(length, contentLength(line))
	}
}

// contentLength is the value of a Content-Length line, and 0 for any other.
func contentLength(line []byte) int {
	const name = "content-length:"
	if len(line) < len(name) || !bytes.EqualFold(line[:len(name)], []byte(name)) {
		return 0
	}
	n := 0
	for _, c := range line[len(name):] {
		if c >= '0' && c <= '9' {
			n = n*10 + int(c-'0')
		}
	}
	return n
}

// sendEvents sends events that say when they were sent.
func sendEvents(conn net.Conn) error {
	if _, err := conn.Write(streamHead); err != nil {
		return err
	}
	for range events {
		time.Sleep(eventPause)
		event := "data: " + strconv.FormatInt(time.Now().UnixNano(), 10) + "\n\n"
		if _, err := io.WriteString(conn, strconv.FormatInt(int64(len(event)), 16)+"\r\n"+event+"\r\n"); err != nil {
			return err
		}
	}
	_, err := io.WriteString(conn, "0\r\n\r\n")
	return err
}
