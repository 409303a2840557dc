package keypool_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/keypool"
)

func TestFailover(t *testing.T) {
	for _, tt := range []struct {
		name    string
		policy  keypool.Policy
		answers map[string][]answer
		keys    string // used upstream, in order
		status  int
		states  []keypool.State
	}{
		{"the first key carries everything", keypool.Policy{}, nil, "k0", 200, []keypool.State{0, 0, 0}},
		{"429", keypool.Policy{}, map[string][]answer{"k0": {limited("5")}}, "k0 k1", 200, []keypool.State{keypool.Cooling, 0, 0}},
		{"401", keypool.Policy{}, map[string][]answer{"k0": {status(401)}}, "k0 k1", 200, []keypool.State{keypool.Disabled, 0, 0}},
		{"403", keypool.Policy{}, map[string][]answer{"k0": {status(403)}}, "k0 k1", 200, []keypool.State{keypool.Disabled, 0, 0}},
		{"one after the other", keypool.Policy{}, map[string][]answer{"k0": {limited("5")}, "k1": {status(401)}}, "k0 k1 k2", 200,
			[]keypool.State{keypool.Cooling, keypool.Disabled, 0}},
		{"what the last one answers", keypool.Policy{}, map[string][]answer{"k0": {limited("5")}, "k1": {status(400)}}, "k0 k1", 400,
			[]keypool.State{keypool.Cooling, 0, 0}},
		{"recovering, 401 cools", keypool.Recovering(), map[string][]answer{"k0": {status(401)}}, "k0 k1", 200, []keypool.State{keypool.Cooling, 0, 0}},
		{"recovering, 403 passes", keypool.Recovering(), map[string][]answer{"k0": {status(403)}}, "k0", 403, []keypool.State{0, 0, 0}},
		{"recovering, 429 cools", keypool.Recovering(), map[string][]answer{"k0": {limited("5")}}, "k0 k1", 200, []keypool.State{keypool.Cooling, 0, 0}},
		{"an empty policy passes", keypool.Policy{Status: map[int]keypool.Rule{}}, map[string][]answer{"k0": {limited("5")}}, "k0", 429, []keypool.State{0, 0, 0}},
		{"an unknown action passes", keypool.Policy{Status: map[int]keypool.Rule{429: {Action: 9}}}, map[string][]answer{"k0": {limited("5")}}, "k0", 429, []keypool.State{0, 0, 0}},
		{"a status of one's own", keypool.Policy{Status: map[int]keypool.Rule{529: {Action: keypool.Cooldown}}}, map[string][]answer{"k0": {status(529)}}, "k0 k1", 200,
			[]keypool.State{keypool.Cooling, 0, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pool, _ := newPool(t, 3)
			up := &upstream{answers: tt.answers}
			req, _ := post(t, "hello")
			resp, text := roundTrip(t, keypool.NewTransport(pool, up, keypool.Config{Policy: tt.policy}), req)
			assert.Equal(t, tt.keys, up.keys())
			assert.Equal(t, tt.status, resp.StatusCode)
			if tt.status == 200 {
				assert.Equal(t, "ok", text)
			}
			if tt.status != 429 {
				assert.NotContains(t, resp.Header, "Retry-After", "of a discarded answer")
			}
			assert.Same(t, req, resp.Request, "the attempt's request has the key in it")
			for i, s := range pool.States() {
				assert.Equal(t, tt.states[i], s.State, "key %d", i)
			}
		})
	}
}

// Faults of the request leave every key as it was.
func TestStatusesThatPass(t *testing.T) {
	for _, code := range []int{200, 201, 204, 301, 304, 400, 402, 404, 408, 409, 413, 422, 500, 502, 503, 504, 529} {
		pool, clock := newPool(t, 2)
		counted := &countingClock{Clock: clock}
		pool, err := keypool.NewOf(pool.Keys(), counted, keypool.Primary)
		require.NoError(t, err)
		up := &upstream{answers: map[string][]answer{"k0": {{status: code, header: http.Header{"Retry-After": {"7"}}, body: "as it is"}}}}
		req, _ := post(t, "hello")
		resp, text := roundTrip(t, keypool.NewTransport(pool, up, keypool.Config{}), req)
		assert.Equal(t, code, resp.StatusCode)
		assert.Equal(t, "as it is", text, code)
		assert.Equal(t, "7", resp.Header.Get("Retry-After"), code)
		assert.Equal(t, "k0", up.keys(), code)
		assert.Zero(t, counted.readings.Load(), "an answer that passes needs no clock: %d", code)
		assert.Equal(t, keypool.Available, pool.States()[0].State, code)
	}
}

func TestFailoverReasons(t *testing.T) {
	rule := keypool.Rule{Action: keypool.Cooldown}
	policy := keypool.Policy{Status: map[int]keypool.Rule{429: rule, 401: rule, 403: rule, 402: rule, 529: rule, 505: rule, 203: rule, 418: rule}}
	for code, want := range map[int]string{
		429: "rate_limited", 401: "unauthorized", 403: "forbidden", 402: "payment_required", 529: "status_529",
		505: "http_version_not_supported", 203: "non_authoritative_information", 418: "im_a_teapot",
	} {
		pool, _ := newPool(t, 2)
		var reasons []string
		rt := keypool.NewTransport(pool, &upstream{answers: map[string][]answer{"k0": {status(code)}}}, keypool.Config{
			Policy: policy, OnFailover: func(reason string) { reasons = append(reasons, reason) },
		})
		req, _ := post(t, "")
		roundTrip(t, rt, req)
		assert.Equal(t, []string{want}, reasons, code)
	}
}

func TestTransportThatIsNotWrapped(t *testing.T) {
	up := &upstream{}
	pool, _ := newPool(t, 1)
	assert.Same(t, up, keypool.NewTransport(nil, up, keypool.Config{}), "nil pool")
	assert.Same(t, up, keypool.NewTransport(pool, up, keypool.Config{Vendor: keypool.Copilot}), "copilot")
	assert.NotSame(t, up, keypool.NewTransport(pool, up, keypool.Config{}))
	assert.Panics(t, func() { keypool.NewTransport(pool, nil, keypool.Config{}) })
}

// Every attempt has the same request, whatever the one before did to its own.
func TestAttemptsArePristine(t *testing.T) {
	pool, _ := newPool(t, 3)
	up := &upstream{answers: map[string][]answer{"k0": {limited("5")}, "k1": {status(401)}}}
	req, _ := post(t, "hello", "X-List", "a", "X-List", "b", "Anthropic-Beta", "c")
	req.Header["Idempotency-Key"] = []string{} // asks the inner transport to retry; nothing goes out
	original := req.Header.Clone()
	roundTrip(t, keypool.NewTransport(pool, up, keypool.Config{Vendor: keypool.Anthropic}), req)
	require.Len(t, up.got, 3)
	for i, s := range up.got {
		want := original.Clone()
		want.Set("X-Api-Key", secrets(3)[i])
		assert.Equal(t, want, s.Header, "attempt %d", i)
		assert.Equal(t, "hello", s.Body, "attempt %d", i)
		assert.NotSame(t, req, s.Req)
		assert.NotSame(t, req.URL, s.Req.URL)
		assert.Equal(t, req.ContentLength, s.Req.ContentLength)
	}
	assert.Equal(t, original, req.Header)
	assert.Equal(t, "/v1/messages", req.URL.Path)
}

func TestRequestWithoutHeaderMap(t *testing.T) {
	pool, _ := newPool(t, 1)
	up := &upstream{}
	req, _ := post(t, "")
	req.Header = nil
	roundTrip(t, keypool.NewTransport(pool, up, keypool.Config{}), req)
	assert.Equal(t, "k0", up.keys())
}

func TestContextCancelledBetweenAttempts(t *testing.T) {
	pool, _ := newPool(t, 3)
	ctx, cancel := context.WithCancel(context.Background())
	up := &upstream{answers: map[string][]answer{"k0": {{status: 429, header: http.Header{"Retry-After": {"5"}}, do: func(*http.Request) { cancel() }}}}}
	req, sent := post(t, "hello")
	resp, err := keypool.NewTransport(pool, up, keypool.Config{OnExhausted: func(keypool.Exhaustion) { t.Error("exhausted") }}).RoundTrip(req.WithContext(ctx))
	assert.Nil(t, resp)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, "k0", up.keys(), "no further attempt")
	assert.Equal(t, 1, sent.closed)
	assert.Equal(t, 1, up.bodies[0].closed, "the discarded answer")
	assert.Equal(t, keypool.Cooling, pool.States()[0].State, "the answer did arrive")
	assert.Equal(t, keypool.Available, pool.States()[1].State)
}

func TestContextCancelledBefore(t *testing.T) {
	for _, limit := range []int64{0, -1} { // buffered, streamed
		pool, _ := newPool(t, 1)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		up := &upstream{}
		req, sent := post(t, "hello")
		_, err := keypool.NewTransport(pool, up, keypool.Config{MaxReplayBytes: limit}).RoundTrip(req.WithContext(ctx))
		require.ErrorIs(t, err, context.Canceled)
		assert.Empty(t, up.keys())
		assert.Equal(t, 1, sent.closed)
	}
}

func TestLogs(t *testing.T) {
	clock := &bytes.Buffer{}
	pool, err := keypool.New([]string{"sk-live-0123456789abcdef", "sk-live-fedcba9876543210", "short"}, nil)
	require.NoError(t, err)
	up := &upstream{answers: map[string][]answer{"sk-live-0123456789abcdef": {status(401)}, "sk-live-fedcba9876543210": {limited("5")}}}
	logger := slog.New(slog.NewJSONHandler(clock, nil))
	req, _ := post(t, "")
	roundTrip(t, keypool.NewTransport(pool, up, keypool.Config{Logger: logger}), req)

	var lines []map[string]any
	for _, line := range bytes.Split(bytes.TrimSpace(clock.Bytes()), []byte("\n")) {
		var fields map[string]any
		require.NoError(t, json.Unmarshal(line, &fields))
		delete(fields, "time")
		delete(fields, "until")
		lines = append(lines, fields)
	}
	assert.Equal(t, []map[string]any{
		{"level": "ERROR", "msg": "api key is disabled", "vendor": "openai", "key": "#1 …cdef", "status": 401.0},
		{"level": "INFO", "msg": "api key is cooling down", "vendor": "openai", "key": "#2 …3210", "status": 429.0, "for": 5e9},
	}, lines)
	assert.NotContains(t, clock.String(), "sk-live")
}

// What changes nothing is not worth a line: many requests learn of one limit.
func TestLogsOnlyWhatChanged(t *testing.T) {
	var lines bytes.Buffer
	pool, _ := newPool(t, 3)
	others, _ := attempts(pool) // other requests, which are faster
	up := &upstream{answers: map[string][]answer{
		"k0": {{status: 401, do: func(*http.Request) { others[0].Disable(401) }}},
		"k1": {{status: 429, do: func(*http.Request) { others[1].Cool(noon, time.Hour, 429) }}},
	}}
	req, _ := post(t, "")
	roundTrip(t, keypool.NewTransport(pool, up, keypool.Config{Logger: slog.New(slog.NewTextHandler(&lines, nil))}), req)
	assert.Equal(t, "k0 k1 k2", up.keys())
	assert.Empty(t, lines.String())
}

// A discarded answer gives its connection back.
func TestConnectionIsReusedAcrossAttempts(t *testing.T) {
	var remote []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		remote = append(remote, r.RemoteAddr)
		_, _ = io.Copy(io.Discard, r.Body)
		if keyOf(r.Header) == "k0" {
			w.WriteHeader(429)
			w.(http.Flusher).Flush() // chunked: its end has to be read
			_, _ = io.WriteString(w, "slow down")
			return
		}
		_, _ = io.WriteString(w, "ok")
	}))
	defer server.Close()
	pool, err := keypool.New(secrets(2), nil)
	require.NoError(t, err)
	inner := &http.Transport{}
	client := &http.Client{Transport: keypool.NewTransport(pool, inner, keypool.Config{})}
	resp, err := client.Post(server.URL, "text/plain", bytes.NewReader([]byte("hello")))
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Len(t, remote, 2)
	assert.Equal(t, remote[0], remote[1])
	client.CloseIdleConnections()
}

type idleCloser struct {
	http.RoundTripper
	closed int
}

func (c *idleCloser) CloseIdleConnections() { c.closed++ }

func TestCloseIdleConnectionsReachesTheInnerTransport(t *testing.T) {
	pool, _ := newPool(t, 1)
	inner := &idleCloser{}
	client := &http.Client{Transport: keypool.NewTransport(pool, inner, keypool.Config{})}
	client.CloseIdleConnections()
	assert.Equal(t, 1, inner.closed)
	client.Transport = keypool.NewTransport(pool, &upstream{}, keypool.Config{})
	client.CloseIdleConnections()
}
