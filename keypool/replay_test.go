package keypool_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/keypool"
)

// twice makes an upstream that rate limits the first key.
func twice() *upstream { return &upstream{answers: map[string][]answer{"k0": {limited("5")}}} }

func TestReplayFromGetBody(t *testing.T) {
	pool, _ := newPool(t, 2)
	up := twice()
	req, original := post(t, "not this one")
	var made []*body
	req.ContentLength = 5
	req.GetBody = func() (io.ReadCloser, error) {
		b := &body{Reader: strings.NewReader("hello")}
		made = append(made, b)
		return b, nil
	}
	roundTrip(t, keypool.NewTransport(pool, up, keypool.Config{MaxReplayBytes: 1}), req) // no limit: nothing is buffered
	require.Len(t, up.got, 2)
	assert.Equal(t, "hello", up.got[0].Body)
	assert.Equal(t, "hello", up.got[1].Body)
	assert.Equal(t, 1, original.closed)
	assert.Zero(t, original.read)
	require.Len(t, made, 2, "one for each attempt")
	for _, b := range made {
		assert.Equal(t, 1, b.closed)
	}
}

func TestReplayWhenGetBodyFails(t *testing.T) {
	pool, _ := newPool(t, 2)
	up := twice()
	req, original := post(t, "hello")
	broken := errors.New("gone")
	n := 0
	req.GetBody = func() (io.ReadCloser, error) {
		if n++; n > 1 {
			return nil, broken
		}
		return io.NopCloser(strings.NewReader("hello")), nil
	}
	_, err := keypool.NewTransport(pool, up, keypool.Config{}).RoundTrip(req)
	require.ErrorIs(t, err, broken)
	require.EqualError(t, err, "keypool: replay request body: gone")
	assert.Equal(t, "k0", up.keys())
	assert.Equal(t, 1, original.closed)
	assert.Equal(t, keypool.Available, pool.States()[1].State)
}

func TestReplayFromBuffer(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 1<<17) // 2 MiB: more than is set aside on trust
	for _, tt := range []struct {
		name   string
		text   string
		length int64
		limit  int64
	}{
		{"small", "hello", 5, 0},
		{"of unknown length", "hello", -1, 0},
		{"of a length not given", "hello", 0, 0},
		{"exactly the limit", "hello", 5, 5},
		{"exactly the limit, unknown", "hello", -1, 5},
		{"large", big, int64(len(big)), 0},
		{"large, unknown", big, -1, 0},
		{"no limit", "hello", -1, math.MaxInt64},
		{"empty", "", -1, 0},
		{"empty with a limit of one", "", -1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pool, _ := newPool(t, 2)
			up := twice()
			req, _ := post(t, "")
			sent := &body{Reader: strings.NewReader(tt.text)}
			req.Body, req.ContentLength = sent, tt.length
			resp, _ := roundTrip(t, keypool.NewTransport(pool, up, keypool.Config{MaxReplayBytes: tt.limit}), req)
			assert.Equal(t, 200, resp.StatusCode)
			require.Len(t, up.got, 2)
			for i, s := range up.got {
				assert.True(t, s.Body == tt.text, "attempt %d", i)
				assert.Equal(t, tt.length, s.Req.ContentLength, "framing as the client's")
				require.NotNil(t, s.Req.GetBody, "the inner transport can start over too")
				again, err := s.Req.GetBody()
				require.NoError(t, err)
				b, err := io.ReadAll(again)
				require.NoError(t, err)
				assert.True(t, string(b) == tt.text, "attempt %d, again", i)
			}
			assert.Equal(t, 1, sent.closed)
			assert.True(t, sent.eof)
		})
	}
}

// A body over the limit goes through as it comes, once, and so does the answer.
func TestBodyOverTheLimitStreamsOnce(t *testing.T) {
	for _, tt := range []struct {
		name   string
		length int64
		limit  int64
		ahead  int // bytes read before the attempt begins
	}{
		{"known length", 6, 5, 0},
		{"unknown length", -1, 5, 6},
		{"one byte short of it is not enough", -1, 1, 2},
		{"nothing is buffered", 6, -1, 0},
		{"nothing is buffered, unknown", -1, -1, 0},
	} {
		for _, a := range []answer{limited("5"), status(401), status(200)} {
			t.Run(tt.name+" "+http.StatusText(a.status), func(t *testing.T) {
				pool, _ := newPool(t, 2)
				req, sent := post(t, "hello!", "Trailer", "X-Sum")
				req.ContentLength = tt.length
				req.Trailer = http.Header{"X-Sum": nil}
				up := &upstream{answers: map[string][]answer{"k0": {a}}}
				inner := roundTripper(func(out *http.Request) (*http.Response, error) {
					assert.Equal(t, tt.ahead, sent.read)
					assert.Zero(t, sent.closed)
					assert.Nil(t, out.GetBody)
					assert.Equal(t, tt.length, out.ContentLength)
					resp, err := up.RoundTrip(out)
					req.Trailer["X-Sum"] = []string{"42"} // as a server does when the body ends
					assert.Equal(t, "42", out.Trailer.Get("X-Sum"))
					return resp, err
				})
				rt := keypool.NewTransport(pool, inner, keypool.Config{
					MaxReplayBytes: tt.limit, OnExhausted: func(keypool.Exhaustion) { t.Error("exhausted") }, OnFailover: func(string) { t.Error("failover") },
				})
				resp, text := roundTrip(t, rt, req)
				assert.Equal(t, a.status, resp.StatusCode)
				assert.Equal(t, a.header.Get("Retry-After"), resp.Header.Get("Retry-After"), "as it is")
				assert.Equal(t, a.body, text)
				assert.Equal(t, "k0", up.keys())
				assert.Equal(t, "hello!", up.got[0].Body)
				assert.Equal(t, 1, sent.closed)
				want := map[int]keypool.State{429: keypool.Cooling, 401: keypool.Disabled, 200: keypool.Available}[a.status]
				assert.Equal(t, want, pool.States()[0].State, "the key is marked all the same")
			})
		}
	}
}

func TestNothingIsReadWhenNoKeyIsLeft(t *testing.T) {
	pool, clock := newPool(t, 1)
	attempt(t, pool, 0).Cool(clock.Now(), time.Minute, 429)
	for _, limit := range []int64{0, 2, -1} {
		req, sent := post(t, "hello")
		resp, _ := roundTrip(t, keypool.NewTransport(pool, &upstream{}, keypool.Config{MaxReplayBytes: limit}), req)
		assert.Equal(t, 429, resp.StatusCode)
		assert.Zero(t, sent.read)
		assert.Equal(t, 1, sent.closed)
	}
}

// The walk begins when the body is there: a key that was set aside meanwhile rests.
func TestKeyMarkedWhileTheBodyIsRead(t *testing.T) {
	pool, clock := newPool(t, 2)
	other := attempt(t, pool, 0)
	up := &upstream{}
	req, _ := post(t, "")
	req.Body = io.NopCloser(io.MultiReader(strings.NewReader("hel"), readerFunc(func([]byte) (int, error) {
		other.Cool(clock.Now(), time.Minute, 429)
		return 0, io.EOF
	}), strings.NewReader("lo")))
	req.ContentLength = 5
	roundTrip(t, keypool.NewTransport(pool, up, keypool.Config{}), req)
	assert.Equal(t, "k1", up.keys())
	assert.Equal(t, "hello", up.got[0].Body)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestBodyThatCannotBeRead(t *testing.T) {
	broken := errors.New("client broke off")
	for _, cancelled := range []bool{false, true} {
		pool, _ := newPool(t, 1)
		up := &upstream{}
		ctx, cancel := context.WithCancel(context.Background())
		req, _ := post(t, "")
		sent := &body{Reader: io.MultiReader(strings.NewReader("hel"), readerFunc(func([]byte) (int, error) {
			if cancelled {
				cancel()
			}
			return 0, broken
		}))}
		req.Body, req.ContentLength = sent, 5
		_, err := keypool.NewTransport(pool, up, keypool.Config{}).RoundTrip(req.WithContext(ctx))
		if cancelled {
			require.ErrorIs(t, err, context.Canceled, "whatever the reader says, the client is gone")
		} else {
			require.ErrorIs(t, err, broken)
		}
		assert.Empty(t, up.keys())
		assert.Equal(t, 1, sent.closed)
		assert.Equal(t, keypool.Available, pool.States()[0].State)
		cancel()
	}
}

// The whole way over a real connection, with a real server's body.
func TestReplayOverHTTP(t *testing.T) {
	text := strings.Repeat("x", 100_000)
	type got struct {
		body     string
		length   int64
		encoding []string
	}
	var all []got
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		all = append(all, got{string(b), r.ContentLength, r.TransferEncoding})
		if keyOf(r.Header) == "k0" {
			w.WriteHeader(429)
		}
	}))
	defer server.Close()
	for _, chunked := range []bool{false, true} {
		all = nil
		pool, err := keypool.New(secrets(2), nil)
		require.NoError(t, err)
		req, err := http.NewRequest("POST", server.URL, io.NopCloser(bytes.NewReader([]byte(text))))
		require.NoError(t, err)
		if !chunked {
			req.ContentLength = int64(len(text))
		}
		inner := &http.Transport{}
		resp, _ := roundTrip(t, keypool.NewTransport(pool, inner, keypool.Config{}), req)
		assert.Equal(t, 200, resp.StatusCode)
		require.Len(t, all, 2)
		assert.Equal(t, all[0], all[1])
		assert.True(t, all[0].body == text)
		inner.CloseIdleConnections()
	}
}
