package keypool_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/keypool"
)

// refuseCodes disables for 429 x and cools for an hour for 403 y; 429 alone cools.
func refuseCodes() keypool.Policy {
	return keypool.Policy{
		Status: map[int]keypool.Rule{429: {Action: keypool.Cooldown}},
		Codes: map[int]map[string]keypool.Rule{
			429: {"x": {Action: keypool.Disable}},
			403: {"y": {Action: keypool.Cooldown, Default: time.Hour}},
			200: {"x": {Action: keypool.Disable}},
			500: {"pass": {Action: keypool.Pass}},
		},
	}
}

func coded(status int, body string, header ...string) answer {
	h := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return answer{status: status, header: h, body: body}
}

func TestErrorCodes(t *testing.T) {
	const x, y = `{"error":{"code":"x"}}`, `{"error":{"type":"y"}}`
	long := `{"error":{"code":"x","message":"` + strings.Repeat("a", 64<<10) + `"}}`
	fits := `{"error":{"code":"x","message":""}}`
	fits = strings.Replace(fits, `""`, `"`+strings.Repeat("a", 64<<10-len(fits))+`"`, 1)
	for _, tt := range []struct {
		name   string
		answer answer
		state  keypool.State
		cool   time.Duration
		keys   string
	}{
		{"a code", coded(429, x), keypool.Disabled, 0, "k0 k1"},
		{"no code", coded(429, `{}`), keypool.Cooling, time.Minute, "k0 k1"},
		{"another code", coded(429, `{"error":{"code":"z"}}`), keypool.Cooling, time.Minute, "k0 k1"},
		{"a type", coded(403, y), keypool.Cooling, time.Hour, "k0 k1"},
		{"a type, with a hint", coded(403, y, "Retry-After", "7"), keypool.Cooling, 7 * time.Second, "k0 k1"},
		{"a type under a code that has no rule", coded(429, `{"error":{"code":"fine","type":"x"}}`), keypool.Disabled, 0, "k0 k1"},
		{"Anthropic's shape", coded(403, `{"type":"error","error":{"type":"y","message":"m"}}`), keypool.Cooling, time.Hour, "k0 k1"},
		{"problem json", coded(429, x, "Content-Type", "application/problem+json"), keypool.Disabled, 0, "k0 k1"},
		{"identity", coded(429, x, "Content-Encoding", "identity"), keypool.Disabled, 0, "k0 k1"},
		{"of another status", coded(403, x), keypool.Available, 0, "k0"},
		{"of a status without a rule", coded(400, x), keypool.Available, 0, "k0"},
		{"of a success", coded(200, x), keypool.Available, 0, "k0"},
		{"in the message", coded(429, `{"error":{"message":"x"}}`), keypool.Cooling, time.Minute, "k0 k1"},
		{"at the top", coded(429, `{"code":"x","type":"x"}`), keypool.Cooling, time.Minute, "k0 k1"},
		{"in another case", coded(429, `{"error":{"code":"X"}}`), keypool.Cooling, time.Minute, "k0 k1"},
		{"a number", coded(429, `{"error":{"code":429,"type":"x"}}`), keypool.Disabled, 0, "k0 k1"},
		{"an error that is a text", coded(429, `{"error":"x"}`), keypool.Cooling, time.Minute, "k0 k1"},
		{"broken JSON", coded(429, x+"}"), keypool.Cooling, time.Minute, "k0 k1"},
		{"not called JSON", coded(429, x, "Content-Type", "text/plain"), keypool.Cooling, time.Minute, "k0 k1"},
		{"a stream", coded(429, x, "Content-Type", "text/event-stream"), keypool.Cooling, time.Minute, "k0 k1"},
		{"encoded", coded(429, x, "Content-Encoding", "gzip"), keypool.Cooling, time.Minute, "k0 k1"},
		{"64 KiB", coded(429, fits), keypool.Disabled, 0, "k0 k1"},
		{"too long", coded(429, long), keypool.Cooling, time.Minute, "k0 k1"},
		{"a rule to pass", coded(500, `{"error":{"type":"pass"}}`), keypool.Available, 0, "k0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pool, clock := newPool(t, 2)
			up := &upstream{answers: map[string][]answer{"k0": {tt.answer}}}
			req, _ := post(t, "")
			resp, text := roundTrip(t, keypool.NewTransport(pool, up, keypool.Config{Policy: refuseCodes()}), req)
			assert.Equal(t, tt.keys, up.keys())
			state := pool.States()[0]
			assert.Equal(t, tt.state, state.State)
			if tt.cool > 0 {
				assert.Equal(t, clock.Now().Add(tt.cool), state.Until)
			}
			if tt.state != keypool.Available {
				assert.Equal(t, tt.answer.status, state.Reason)
			} else {
				assert.Equal(t, tt.answer.body, text, "what passes is untouched")
				assert.EqualValues(t, len(text), resp.ContentLength)
			}
			for i, b := range up.bodies {
				assert.Positive(t, b.closed, "body %d", i)
			}
		})
	}
}

// What was read for its code and then passes reaches the client as it was sent, of
// whatever length and however it ends.
func TestErrorReadForItsCodePassesWhole(t *testing.T) {
	policy := keypool.Policy{Codes: map[int]map[string]keypool.Rule{500: {"x": {Action: keypool.Disable}}}}
	broke := errors.New("cut off")
	for _, size := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 64<<10 + 2, 200 << 10} {
		for _, end := range []error{io.EOF, broke} {
			sent := strings.Repeat("0123456789abcdef", size/16+1)[:size]
			pool, _ := newPool(t, 1)
			src := &body{Reader: io.MultiReader(strings.NewReader(sent), ending{end})}
			rt := keypool.NewTransport(pool, roundTripper(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 500, ContentLength: -1, Body: src,
					Header: http.Header{"Content-Type": {"application/json"}}}, nil
			}), keypool.Config{Policy: policy})
			req, _ := post(t, "")
			resp, err := rt.RoundTrip(req)
			require.NoError(t, err)
			got, err := io.ReadAll(resp.Body)
			assert.Equal(t, sent, string(got), "size %d", size)
			if end == io.EOF {
				assert.NoError(t, err, "size %d", size)
			} else {
				assert.ErrorIs(t, err, broke, "size %d", size)
			}
			assert.EqualValues(t, -1, resp.ContentLength)
			assert.Less(t, src.closed, 1)
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, 1, src.closed)
		}
	}
}

type ending struct{ err error }

func (f ending) Read([]byte) (int, error) { return 0, f.err }

// An upstream that sends its headers and then stalls holds nobody up for longer than
// half a second: neither the other keys, nor a client whom the answer is for.
func TestErrorThatStalls(t *testing.T) {
	for _, status := range []int{429, 403} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pool, err := keypool.New(secrets(2), nil)
				require.NoError(t, err)
				r, w := io.Pipe()
				rt := keypool.NewTransport(pool, roundTripper(func(req *http.Request) (*http.Response, error) {
					if keyOf(req.Header) == "k1" {
						return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}, nil
					}
					return &http.Response{StatusCode: status, ContentLength: -1, Body: r,
						Header: http.Header{"Content-Type": {"application/json"}}}, nil
				}), keypool.Config{Policy: refuseCodes()})
				req, _ := post(t, "")
				start := time.Now()
				resp, err := rt.RoundTrip(req)
				require.NoError(t, err)
				assert.Equal(t, 500*time.Millisecond, time.Since(start))
				if status == 429 {
					assert.Equal(t, 200, resp.StatusCode)
					assert.Equal(t, start.Add(time.Minute), pool.States()[0].Until, "from the headers on")
					_, err = w.Write([]byte("x"))
					assert.ErrorIs(t, err, io.ErrClosedPipe, "the stalled answer was given up")
					return
				}
				assert.Equal(t, 403, resp.StatusCode)
				go func() {
					_, _ = w.Write([]byte(`{"error":{"type":"y"}}`))
					_ = w.Close()
				}()
				got, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				assert.Equal(t, `{"error":{"type":"y"}}`, string(got), "late, and whole")
				assert.Equal(t, keypool.Available, pool.States()[0].State, "it came too late to count")
				require.NoError(t, resp.Body.Close())
			})
		})
	}
}

// A body is in the clear when the transport made it so, and only then.
func TestErrorCodeBehindGzip(t *testing.T) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, err := zip.Write([]byte(`{"error":{"type":"y"}}`))
	require.NoError(t, errors.Join(err, zip.Close()))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(403)
		_, _ = w.Write(packed.Bytes())
	}))
	defer server.Close()
	for asked, want := range map[string]keypool.State{"": keypool.Cooling, "gzip": keypool.Available} {
		pool, _ := newPool(t, 1)
		inner := &http.Transport{}
		rt := keypool.NewTransport(pool, inner, keypool.Config{Policy: refuseCodes()})
		req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
		require.NoError(t, err)
		if asked != "" {
			req.Header.Set("Accept-Encoding", asked)
		}
		resp, text := roundTrip(t, rt, req)
		assert.Equal(t, want, pool.States()[0].State, "Accept-Encoding %q", asked)
		if asked != "" {
			assert.Equal(t, packed.String(), text, "the very same bytes")
			assert.EqualValues(t, packed.Len(), resp.ContentLength)
			assert.Equal(t, "gzip", resp.Header.Get("Content-Encoding"))
		}
		inner.CloseIdleConnections()
	}
}

// The log names a code only if the policy does: an upstream could write anything there.
func TestLogNamesTheCodesOfThePolicyOnly(t *testing.T) {
	for _, code := range []string{"x", "sk-secret"} {
		var log bytes.Buffer
		pool, _ := newPool(t, 2)
		up := &upstream{answers: map[string][]answer{"k0": {coded(429, `{"error":{"code":"`+code+`"}}`)}}}
		req, _ := post(t, "")
		roundTrip(t, keypool.NewTransport(pool, up, keypool.Config{Policy: refuseCodes(),
			Logger: slog.New(slog.NewTextHandler(&log, nil))}), req)
		assert.Equal(t, code == "x", strings.Contains(log.String(), "code="+code), log.String())
	}
}
