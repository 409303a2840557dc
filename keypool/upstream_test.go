package keypool_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/keypool"
)

// seen is one request as an upstream got it.
type seen struct {
	Key    string
	Header http.Header
	Body   string
	Req    *http.Request
}

// upstream is a RoundTripper that answers by the key and remembers what it got.
type upstream struct {
	// answers gives the answers for each key, in turn; the last one repeats. A key
	// without any is answered 200.
	answers map[string][]answer

	mu     sync.Mutex
	got    []seen
	bodies []*body // of the answers, in order
}

type answer struct {
	status int
	header http.Header
	body   string
	err    error
	do     func(*http.Request) // before answering
}

// limited is a 429 with a Retry-After.
func limited(retryAfter string) answer {
	return answer{status: 429, header: http.Header{"Retry-After": {retryAfter}}, body: "slow down"}
}

func status(code int) answer { return answer{status: code, body: strconv.Itoa(code)} }

func (u *upstream) RoundTrip(req *http.Request) (*http.Response, error) {
	s := seen{Key: keyOf(req.Header), Header: req.Header.Clone(), Req: req}
	if req.Body != nil {
		b, err := io.ReadAll(req.Body)
		if cerr := req.Body.Close(); err != nil || cerr != nil {
			return nil, err
		}
		s.Body = string(b)
	}
	u.mu.Lock()
	u.got = append(u.got, s)
	a := answer{status: 200, body: "ok"}
	if script := u.answers[s.Key]; len(script) > 0 {
		a = script[0]
		if len(script) > 1 {
			u.answers[s.Key] = script[1:]
		}
	}
	u.mu.Unlock()
	if a.do != nil {
		a.do(req)
	}
	// What an attempt does to its own request must not be seen by the next.
	for _, values := range req.Header {
		for i := range values {
			values[i] = "spoiled"
		}
	}
	req.Header.Set("X-Spoiled", "1")
	req.URL.Path = "/spoiled"
	if a.err != nil {
		return nil, a.err
	}
	b := &body{Reader: strings.NewReader(a.body)}
	u.mu.Lock()
	u.bodies = append(u.bodies, b)
	u.mu.Unlock()
	h := a.header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("X-Answered", s.Key)
	return &http.Response{
		StatusCode: a.status, Header: h, Body: b, ContentLength: int64(len(a.body)), Request: req,
	}, nil
}

// keys is the keys that were used, in order, as one word.
func (u *upstream) keys() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	names := make([]string, len(u.got))
	for i, s := range u.got {
		names[i] = s.Key
	}
	return strings.Join(names, " ")
}

func keyOf(h http.Header) string {
	if key := h.Get("X-Api-Key"); key != "" {
		return key
	}
	return strings.TrimPrefix(h.Get("Authorization"), "Bearer ")
}

// body knows how far it was read and how often it was closed.
type body struct {
	io.Reader
	mu     sync.Mutex
	read   int
	eof    bool
	closed int
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.read += n
	b.eof = b.eof || err == io.EOF
	return n, err
}

func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed++
	return nil
}

// post makes a request with a body that has no GetBody, unless text is empty.
func post(t testing.TB, text string, header ...string) (*http.Request, *body) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), "POST", "https://alpha.invalid/v1/messages?a=1", nil)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	if text == "" {
		return req, nil
	}
	b := &body{Reader: strings.NewReader(text)}
	req.Body, req.ContentLength = b, int64(len(text))
	return req, b
}

// roundTrip does one round trip and reads its answer.
func roundTrip(t testing.TB, rt http.RoundTripper, req *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := rt.RoundTrip(req)
	require.NoError(t, err)
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp, string(b)
}

// roundTripper is a RoundTripper made of a function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

var _ http.RoundTripper = keypool.NewTransport(nil, roundTripper(nil), keypool.Config{})
