package keypool_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/keypool"
)

func TestExhaustedAnswer(t *testing.T) {
	for _, tt := range []struct {
		name       string
		vendor     keypool.Vendor
		answers    map[string][]answer
		status     int
		retryAfter []string
		body       string
	}{
		{"openai, rate limited", keypool.OpenAI, map[string][]answer{"k0": {limited("5")}, "k1": {limited("2.1")}, "k2": {limited("10")}}, 429, []string{"3"},
			`{"error":{"message":"all API keys of this provider are rate limited, retry after 3 s","type":"requests","param":null,"code":"rate_limit_exceeded"}}`},
		{"openai, refused", keypool.OpenAI, map[string][]answer{"k0": {status(401)}, "k1": {status(403)}, "k2": {status(401)}}, 502, nil,
			`{"error":{"message":"no API key of this provider can be used at the moment","type":"server_error","param":null,"code":null}}`},
		{"anthropic, rate limited", keypool.Anthropic, map[string][]answer{"k0": {limited("5")}, "k1": {status(401)}, "k2": {limited("10")}}, 429, []string{"5"},
			`{"type":"error","error":{"type":"rate_limit_error","message":"all API keys of this provider are rate limited, retry after 5 s"},"request_id":null}`},
		{"anthropic, refused", keypool.Anthropic, map[string][]answer{"k0": {status(401)}, "k1": {status(401)}, "k2": {status(403)}}, 502, nil,
			`{"type":"error","error":{"type":"api_error","message":"no API key of this provider can be used at the moment"},"request_id":null}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pool, _ := newPool(t, 3)
			up := &upstream{answers: tt.answers}
			var exhausted []keypool.Exhaustion
			var reasons []string
			rt := keypool.NewTransport(pool, up, keypool.Config{
				Vendor:      tt.vendor,
				OnExhausted: func(e keypool.Exhaustion) { exhausted = append(exhausted, e) },
				OnFailover:  func(reason string) { reasons = append(reasons, reason) },
			})
			check := func(tried int) {
				req, sent := post(t, "hello")
				resp, text := roundTrip(t, rt, req)
				assert.Equal(t, tt.status, resp.StatusCode)
				assert.Equal(t, http.Header{
					"Content-Type":   {"application/json"},
					"Content-Length": {jsonLength(text)},
				}, without(resp.Header, "Retry-After"))
				assert.Equal(t, tt.retryAfter, resp.Header["Retry-After"])
				assert.Equal(t, tt.body, text)
				assert.EqualValues(t, len(text), resp.ContentLength)
				assert.Same(t, req, resp.Request)
				assert.Equal(t, 1, resp.ProtoMajor)
				assert.Contains(t, resp.Status, http.StatusText(tt.status))
				assert.Equal(t, 1, sent.closed, "the request's body")
				assert.Equal(t, tried, exhausted[len(exhausted)-1].Tried)
			}
			check(3)
			assert.Equal(t, "k0 k1 k2", up.keys())
			assert.Len(t, reasons, 2, "two moves between three keys")
			check(0)
			assert.Equal(t, "k0 k1 k2", up.keys(), "nothing is sent when nothing can be tried")
			assert.Len(t, exhausted, 2)
			assert.Len(t, reasons, 2)
			for _, b := range up.bodies {
				assert.True(t, b.eof, "drained")
				assert.Equal(t, 1, b.closed, "closed")
			}
		})
	}
}

func jsonLength(text string) string {
	b, _ := json.Marshal(len(text))
	return string(b)
}

func without(h http.Header, name string) http.Header {
	h = h.Clone()
	h.Del(name)
	return h
}

func TestExhaustedAnswerToHead(t *testing.T) {
	pool, clock := newPool(t, 1)
	attempt(t, pool, 0).Cool(clock.Now(), time.Minute, 429)
	req, _ := post(t, "")
	req.Method = http.MethodHead
	resp, text := roundTrip(t, keypool.NewTransport(pool, &upstream{}, keypool.Config{}), req)
	assert.Equal(t, 429, resp.StatusCode)
	assert.Empty(t, text, "RFC 9110: no body")
	assert.NotEmpty(t, resp.Header.Get("Content-Length"))
}

// The exhaustion is as of the Next that failed, and the wait is true.
func TestRetryAfterIsTrue(t *testing.T) {
	pool, clock := newPool(t, 2)
	up := &upstream{answers: map[string][]answer{
		"k0": {limited("3"), status(200)},
		"k1": {{status: 429, header: http.Header{"Retry-After": {"60"}}, do: func(*http.Request) { clock.Advance(1500 * time.Millisecond) }}},
	}}
	rt := keypool.NewTransport(pool, up, keypool.Config{})
	req, _ := post(t, "")
	resp, _ := roundTrip(t, rt, req)
	require.Equal(t, "2", resp.Header.Get("Retry-After"))

	clock.Advance(1500*time.Millisecond - 1)
	resp, _ = roundTrip(t, rt, req)
	assert.Equal(t, 429, resp.StatusCode, "too early")
	assert.Equal(t, "1", resp.Header.Get("Retry-After"))
	clock.Advance(1)
	resp, _ = roundTrip(t, rt, req)
	assert.Equal(t, 200, resp.StatusCode)
	assert.Equal(t, "k0 k1 k0", up.keys())
}
