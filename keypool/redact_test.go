package keypool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/keypool"
)

const (
	firstSecret  = "sk-live-0123456789abcdef"
	secondSecret = "sk-live-0123456789abcdef-and-more"
	quotedSecret = "tab\there \"and\" there"
)

// failing does a round trip that fails with the given error.
func failing(t *testing.T, cause error, header ...string) error {
	t.Helper()
	pool, err := keypool.New([]string{firstSecret, secondSecret, "with space/%", quotedSecret}, nil)
	require.NoError(t, err)
	sent := 0
	inner := roundTripper(func(*http.Request) (*http.Response, error) {
		sent++
		return nil, cause
	})
	req, _ := post(t, "", header...)
	resp, err := keypool.NewTransport(pool, inner, keypool.Config{}).RoundTrip(req)
	require.Error(t, err)
	require.Nil(t, resp)
	require.Equal(t, 1, sent, "no second key")
	for _, s := range pool.States() {
		require.Equal(t, keypool.Available, s.State, "a transport error marks nothing")
	}
	return err
}

func TestTransportErrorIsWrapped(t *testing.T) {
	cause := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	err := failing(t, cause)
	assert.EqualError(t, err, "keypool: attempt with key #1 …cdef: dial tcp: connect: connection refused")
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	var op *net.OpError
	require.ErrorAs(t, err, &op)
	assert.Same(t, cause, op)
	var netErr net.Error
	require.ErrorAs(t, err, &netErr)
	assert.False(t, netErr.Timeout())
}

func TestTransportErrorIsRedacted(t *testing.T) {
	for _, tt := range []struct {
		name  string
		cause error
		want  string
	}{
		{"plain", errors.New("bad header Bearer " + firstSecret), "bad header Bearer [redacted]"},
		{"another key of the pool", errors.New("saw " + secondSecret + " and " + firstSecret), "saw [redacted] and [redacted]"},
		{"in a URL", &url.Error{Op: "Get", URL: "https://h.invalid/?key=" + url.QueryEscape("with space/%"), Err: io.EOF}, `Get "https://h.invalid/?key=[redacted]": EOF`},
		{"in a path", fmt.Errorf("get /%s: %w", url.PathEscape("with space/%"), io.EOF), "get /[redacted]: EOF"},
		{"quoted", fmt.Errorf("header %q: %w", firstSecret, io.EOF), `header "[redacted]": EOF`},
		{"quoted, with something to quote", fmt.Errorf("header %q", quotedSecret), `header "[redacted]"`},
		{"inside only", hiding{fmt.Errorf("token %s: %w", firstSecret, io.EOF)}, "hidden"},
		{"inside of many that say nothing", hidingMany{errors.New("one"), errors.New(secondSecret)}, "hidden"},
		{"in a field", timeout{firstSecret}, "timeout [redacted]"},
		{"inside of many", errors.Join(errors.New("one"), hiding{errors.New(secondSecret)}), "one\nhidden"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := failing(t, tt.cause)
			require.EqualError(t, err, "keypool: attempt with key #1 …cdef: "+tt.want)
			if errors.Is(tt.cause, io.EOF) {
				require.ErrorIs(t, err, io.EOF)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
					assert.NotContains(t, fmt.Sprintf(verb, e), "sk-live", verb)
				}
			}
			require.NoError(t, errors.Unwrap(err), "an error with a key in it cannot be had")
			var leak interface{ Unwrap() []error }
			assert.False(t, errors.As(err, &leak))
		})
	}
}

// hiding does not say what it wraps.
type hiding struct{ err error }

func (hiding) Error() string   { return "hidden" }
func (h hiding) Unwrap() error { return h.err }

type hidingMany []error

func (hidingMany) Error() string     { return "hidden" }
func (h hidingMany) Unwrap() []error { return h }

func TestRedactionOfASecretThatIsAWordOfTheError(t *testing.T) {
	pool, err := keypool.New([]string{"redacted"}, nil)
	require.NoError(t, err)
	req, _ := post(t, "")
	_, err = keypool.NewTransport(pool, roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("redacted")
	}), keypool.Config{}).RoundTrip(req)
	require.EqualError(t, err, "keypool: attempt failed")
}

func TestOwnKeyIsRedacted(t *testing.T) {
	for _, header := range [][]string{{"Authorization", "Bearer sk-mine-123"}, {"Authorization", "Basic sk-mine-123"}} {
		err := failing(t, errors.New("refused: "+header[1]+", sk-mine-123"), header...)
		assert.NotContains(t, err.Error(), "sk-mine-123")
		assert.Contains(t, err.Error(), "keypool: attempt with the client's own key: refused: ")
	}
}

type timeout struct{ secret string }

func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }
func (e timeout) Error() string { return "timeout " + e.secret }

func TestTimeoutsStayTimeouts(t *testing.T) {
	for _, cause := range []error{timeout{}, timeout{firstSecret}, fmt.Errorf("wrapped: %w", timeout{firstSecret}), context.DeadlineExceeded, os.ErrDeadlineExceeded} {
		err := failing(t, cause)
		var netErr net.Error
		require.ErrorAs(t, err, &netErr)
		assert.True(t, netErr.Timeout(), "%v", cause)
		assert.NotContains(t, err.Error(), firstSecret)
	}
	var temporary interface{ Temporary() bool }
	require.ErrorAs(t, failing(t, timeout{firstSecret}), &temporary)
	assert.True(t, temporary.Temporary())
	require.ErrorIs(t, failing(t, context.Canceled), context.Canceled)
	require.ErrorIs(t, failing(t, fmt.Errorf("%s: %w", firstSecret, context.Canceled)), context.Canceled)
}

// The whole way: http.Client wraps in an error of its own, a header that cannot be
// sent fails, and the real transport's cancellation is recognised.
func TestErrorsOverHTTP(t *testing.T) {
	pool, err := keypool.New([]string{firstSecret + "\n"}, nil)
	require.NoError(t, err)
	client := &http.Client{Transport: keypool.NewTransport(pool, &http.Transport{}, keypool.Config{})}
	_, err = client.Get("http://alpha.invalid/")
	require.ErrorContains(t, err, "invalid header field value")
	assert.NotContains(t, err.Error(), firstSecret)

	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	pool, err = keypool.New([]string{firstSecret}, nil)
	require.NoError(t, err)
	client = &http.Client{Transport: keypool.NewTransport(pool, &http.Transport{ResponseHeaderTimeout: time.Nanosecond}, keypool.Config{})}
	_, err = client.Get(server.URL)
	var netErr net.Error
	require.ErrorAs(t, err, &netErr)
	assert.True(t, netErr.Timeout())
}

func TestInnerTransportThatBreaksItsContract(t *testing.T) {
	pool, _ := newPool(t, 2)
	req, _ := post(t, "")
	_, err := keypool.NewTransport(pool, roundTripper(func(*http.Request) (*http.Response, error) { return nil, nil }), keypool.Config{}).RoundTrip(req)
	require.EqualError(t, err, "keypool: attempt with key #1: neither an answer nor an error from the transport")

	b := &body{Reader: http.NoBody}
	_, err = keypool.NewTransport(pool, roundTripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 429, Body: b}, io.EOF
	}), keypool.Config{}).RoundTrip(req)
	require.ErrorIs(t, err, io.EOF)
	assert.Equal(t, 1, b.closed, "both an answer and an error")
	assert.Equal(t, keypool.Available, pool.States()[0].State)
}
