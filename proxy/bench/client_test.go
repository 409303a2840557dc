package bench_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

const streamPath = "/v1/stream"

// headers are those of a request of OpenAI's Python SDK, its key left to the gateway.
const headers = "Host: " + upstreamHost + "\r\n" +
	"Accept-Encoding: gzip, deflate\r\n" +
	"Connection: keep-alive\r\n" +
	"Accept: application/json\r\n" +
	"Content-Type: application/json\r\n" +
	"User-Agent: OpenAI/Python 2.0.0\r\n" +
	"X-Stainless-Lang: python\r\n" +
	"X-Stainless-Package-Version: 2.0.0\r\n" +
	"X-Stainless-Os: Linux\r\n" +
	"X-Stainless-Runtime: CPython\r\n"

const requestSize = 512

var (
	request = []byte("POST /v1/chat/completions HTTP/1.1\r\n" + headers +
		"Content-Length: " + strconv.Itoa(requestSize) + "\r\n\r\n" + strings.Repeat("x", requestSize))
	streamRequest = []byte("POST " + streamPath + " HTTP/1.1\r\n" + headers + "Content-Length: 2\r\n\r\n{}")
)

// client is a connection to the upstream, by way of a gateway or without one.
type client struct {
	raw net.Conn
	tls *tls.Conn
	in  *bufio.Reader
}

// open dials, asks for a tunnel where one is needed, and does the handshake. A session
// cache in sessions lets the handshake resume; nil: each is a full one.
func (g *gateway) open(sessions tls.ClientSessionCache) (*client, error) {
	raw, err := net.Dial("tcp", g.address)
	if err != nil {
		return nil, err
	}
	if g.tunnel {
		if err := connect(raw); err != nil {
			_ = raw.Close()
			return nil, err
		}
	}
	secure := tls.Client(raw, &tls.Config{RootCAs: g.roots, ServerName: upstreamHost, ClientSessionCache: sessions})
	if err := secure.Handshake(); err != nil {
		_ = raw.Close()
		return nil, err
	}
	return &client{raw: raw, tls: secure, in: bufio.NewReaderSize(secure, 4<<10)}, nil
}

func connect(raw net.Conn) error {
	_, err := raw.Write([]byte("CONNECT " + upstreamAddress + " HTTP/1.1\r\nHost: " + upstreamAddress + "\r\n\r\n"))
	if err != nil {
		return err
	}
	// Nothing follows the head before the client has spoken.
	head := make([]byte, 0, 512)
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		if len(head) == cap(head) {
			return fmt.Errorf("CONNECT: no end of the answer: %q", head)
		}
		n, err := raw.Read(head[len(head):cap(head)])
		if err != nil {
			return err
		}
		head = head[:len(head)+n]
	}
	if !bytes.Contains(head[:len("HTTP/1.1 200")], []byte(" 200")) {
		return fmt.Errorf("CONNECT: %q", head)
	}
	return nil
}

// ask sends one request and reads its answer.
func (c *client) ask() error {
	if _, err := c.tls.Write(request); err != nil {
		return err
	}
	length, err := c.readHead()
	if err != nil {
		return err
	}
	if length != answerSize {
		return fmt.Errorf("the answer has %d bytes", length)
	}
	_, err = c.in.Discard(length)
	return err
}

// readHead reads an answer's head and returns its Content-Length, 0 without one.
func (c *client) readHead() (length int, err error) {
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
			return 0, fmt.Errorf("answer: %q", line)
		}
		if len(line) <= 2 {
			return length, nil
		}
		length = max(length, contentLength(line))
	}
}

// stream asks for a stream and returns how long each event was on its way.
func (c *client) stream(lags []time.Duration) ([]time.Duration, error) {
	if _, err := c.tls.Write(streamRequest); err != nil {
		return lags, err
	}
	if _, err := c.readHead(); err != nil {
		return lags, err
	}
	for {
		line, err := c.in.ReadSlice('\n')
		now := time.Now()
		switch {
		case err != nil:
			return lags, err
		case bytes.HasPrefix(line, []byte("data: ")):
			sent, err := strconv.ParseInt(string(bytes.TrimSpace(line[len("data: "):])), 10, 64)
			if err != nil {
				return lags, err
			}
			lags = append(lags, now.Sub(time.Unix(0, sent)))
		case bytes.Equal(line, []byte("0\r\n")):
			_, err := c.in.Discard(2)
			return lags, err
		}
	}
}

func (c *client) close() { _ = c.tls.Close() }
