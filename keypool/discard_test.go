package keypool_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/keypool"
)

// refusing makes a transport that answers the first key with 429 and the given
// body, and every other one with 200.
func refusing(b io.ReadCloser, length int64) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		if keyOf(req.Header) != "k0" {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}, nil
		}
		return &http.Response{StatusCode: 429, Header: http.Header{}, Body: b, ContentLength: length}, nil
	})
}

func TestDiscardedAnswer(t *testing.T) {
	for _, tt := range []struct {
		name   string
		size   int
		length int64
		read   int
		eof    bool
	}{
		{"small", 100, 100, 100, true},
		{"small, of unknown length", 100, -1, 100, true},
		{"as much as is read", 64 << 10, 64 << 10, 64 << 10, false},
		{"more", 64<<10 + 1, -1, 64 << 10, false},
		{"much more", 10 << 20, -1, 64 << 10, false},
		{"known to be more", 64<<10 + 1, 64<<10 + 1, 0, false},
		{"empty", 0, 0, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pool, _ := newPool(t, 2)
			b := &body{Reader: strings.NewReader(strings.Repeat("x", tt.size))}
			req, _ := post(t, "hello")
			resp, _ := roundTrip(t, keypool.NewTransport(pool, refusing(b, tt.length), keypool.Config{}), req)
			assert.Equal(t, 200, resp.StatusCode)
			assert.Equal(t, tt.read, b.read)
			assert.Equal(t, tt.eof, b.eof)
			assert.Equal(t, 1, b.closed)
		})
	}
}

func TestDiscardedAnswerWithoutBody(t *testing.T) {
	for _, b := range []io.ReadCloser{nil, http.NoBody} {
		pool, _ := newPool(t, 2)
		req, _ := post(t, "")
		resp, _ := roundTrip(t, keypool.NewTransport(pool, refusing(b, 0), keypool.Config{}), req)
		assert.Equal(t, 200, resp.StatusCode)
	}
}

func TestDiscardedAnswerThatBreaks(t *testing.T) {
	pool, _ := newPool(t, 2)
	b := &body{Reader: readerFunc(func([]byte) (int, error) { return 0, io.ErrUnexpectedEOF })}
	req, _ := post(t, "")
	resp, _ := roundTrip(t, keypool.NewTransport(pool, refusing(b, -1), keypool.Config{}), req)
	assert.Equal(t, 200, resp.StatusCode)
	assert.Equal(t, 1, b.closed)
}

// An upstream that sends 429 and then stalls does not hold up the other keys for
// longer than the bound.
func TestDiscardedAnswerThatStalls(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	pool, clock := newPool(t, 2)
	trap := clock.Trap().AfterFunc("keypool", "discard")
	defer trap.Close()
	r, w := io.Pipe() // closing its reader ends a Read, as closing an answer's body does
	defer w.Close()
	req, _ := post(t, "")
	done := make(chan *http.Response)
	go func() {
		resp, err := keypool.NewTransport(pool, refusing(r, -1), keypool.Config{}).RoundTrip(req)
		assert.NoError(t, err)
		done <- resp
	}()
	call := trap.MustWait(ctx)
	assert.Equal(t, 500*time.Millisecond, call.Duration)
	call.MustRelease(ctx)
	clock.Advance(500*time.Millisecond - 1).MustWait(ctx)
	select {
	case <-done:
		t.Fatal("went on before the bound")
	default:
	}
	clock.Advance(1).MustWait(ctx)
	resp := <-done
	require.NotNil(t, resp)
	assert.Equal(t, 200, resp.StatusCode)
	_, pending := clock.Peek()
	assert.False(t, pending, "no timer is left")
}
