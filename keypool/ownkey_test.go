package keypool_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/keypool"
)

func TestOwnKey(t *testing.T) {
	for _, tt := range []struct {
		name   string
		vendor keypool.Vendor
		header []string
		want   http.Header
	}{
		{"openai", keypool.OpenAI, []string{"Authorization", "Bearer mine", "X-Api-Key", "foreign", "Api-Key", "foreign", "X-Goog-Api-Key", "foreign", "X-Other", "1"},
			http.Header{"Authorization": {"Bearer mine"}, "X-Other": {"1"}}},
		{"openai, another scheme", keypool.OpenAI, []string{"Authorization", "Basic bWluZQ=="}, http.Header{"Authorization": {"Basic bWluZQ=="}}},
		{"anthropic", keypool.Anthropic, []string{"X-Api-Key", "mine", "Api-Key", "foreign", "X-Goog-Api-Key", "foreign"}, http.Header{"X-Api-Key": {"mine"}}},
		{"anthropic, bearer", keypool.Anthropic, []string{"Authorization", "Bearer mine", "Anthropic-Version", "2023-06-01"},
			http.Header{"Authorization": {"Bearer mine"}, "Anthropic-Version": {"2023-06-01"}}},
		{"anthropic, both", keypool.Anthropic, []string{"Authorization", "Bearer mine", "X-Api-Key", "mine"},
			http.Header{"Authorization": {"Bearer mine"}, "X-Api-Key": {"mine"}}},
	} {
		for _, code := range []int{200, 401, 403, 429} {
			t.Run(tt.name+" "+http.StatusText(code), func(t *testing.T) {
				pool, clock := newPool(t, 2)
				attempt(t, pool, 0).Cool(clock.Now(), time.Hour, 429) // all set aside: it does not matter
				attempt(t, pool, 1).Disable(401)
				before := pool.States()
				header := http.Header{"Retry-After": {"77"}, "Content-Encoding": {"br"}}
				var got *http.Request
				inner := roundTripper(func(req *http.Request) (*http.Response, error) {
					got = req
					return &http.Response{StatusCode: code, Header: header, Body: io.NopCloser(bytes.NewReader([]byte{0x8b, 0}))}, nil
				})
				req, sent := post(t, "hello", tt.header...)
				original := req.Header.Clone()
				resp, text := roundTrip(t, keypool.NewTransport(pool, inner, keypool.Config{
					Vendor: tt.vendor, OnExhausted: func(keypool.Exhaustion) { t.Error("exhausted") }, OnFailover: func(string) { t.Error("failover") },
				}), req)
				assert.Equal(t, code, resp.StatusCode)
				assert.Equal(t, "\x8b\x00", text)
				assert.Equal(t, http.Header{"Retry-After": {"77"}, "Content-Encoding": {"br"}}, resp.Header)
				assert.Equal(t, tt.want, got.Header)
				assert.Same(t, sent, got.Body, "the body streams through")
				assert.Equal(t, original, req.Header, "the caller's request is not changed")
				assert.Same(t, req, resp.Request)
				assert.Equal(t, before, pool.States(), "no marks")
			})
		}
	}
}

// What is no credential of the vendor's leads to the pool, and does not go upstream.
func TestCentralKeyReplacesWhatTheClientSent(t *testing.T) {
	for _, tt := range []struct {
		name   string
		vendor keypool.Vendor
		header []string
		want   http.Header
	}{
		{"openai, nothing", keypool.OpenAI, nil, http.Header{"Authorization": {"Bearer k0"}}},
		{"openai, foreign", keypool.OpenAI, []string{"X-Api-Key", "x", "Api-Key", "x", "X-Goog-Api-Key", "x", "X-Other", "1"},
			http.Header{"Authorization": {"Bearer k0"}, "X-Other": {"1"}}},
		{"openai, empty", keypool.OpenAI, []string{"Authorization", ""}, http.Header{"Authorization": {"Bearer k0"}}},
		{"openai, bearer of nothing", keypool.OpenAI, []string{"Authorization", "Bearer "}, http.Header{"Authorization": {"Bearer k0"}}},
		{"anthropic, nothing", keypool.Anthropic, nil, http.Header{"X-Api-Key": {"k0"}}},
		{"anthropic, foreign", keypool.Anthropic, []string{"Authorization", "Basic x", "Api-Key", "x", "X-Goog-Api-Key", "x"}, http.Header{"X-Api-Key": {"k0"}}},
		{"anthropic, empty", keypool.Anthropic, []string{"X-Api-Key", " ", "Authorization", "bearer"}, http.Header{"X-Api-Key": {"k0"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pool, _ := newPool(t, 1)
			up := &upstream{}
			req, _ := post(t, "", tt.header...)
			original := req.Header.Clone()
			roundTrip(t, keypool.NewTransport(pool, up, keypool.Config{Vendor: tt.vendor}), req)
			require.Len(t, up.got, 1)
			assert.Equal(t, tt.want, up.got[0].Header)
			assert.Equal(t, original, req.Header, "the caller's request is not changed")
		})
	}
}
