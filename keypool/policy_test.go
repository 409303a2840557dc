package keypool_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/keypool"
)

func TestCooldownLength(t *testing.T) {
	rule := func(r keypool.Rule) keypool.Policy {
		r.Action = keypool.Cooldown
		return keypool.Policy{Status: map[int]keypool.Rule{429: r}}
	}
	for _, tt := range []struct {
		name   string
		policy keypool.Policy
		header http.Header
		want   time.Duration
	}{
		{"hint", keypool.Policy{}, http.Header{"Retry-After": {"5"}}, 5 * time.Second},
		{"milliseconds", keypool.Policy{}, http.Header{"Retry-After-Ms": {"1500"}, "Retry-After": {"5"}}, 1500 * time.Millisecond},
		{"date", keypool.Policy{}, http.Header{"Retry-After": {"Mon, 01 Jan 2024 00:00:09 GMT"}}, 9 * time.Second},
		{"no hint", keypool.Policy{}, nil, time.Minute},
		{"zero", keypool.Policy{}, http.Header{"Retry-After": {"0"}}, time.Minute},
		{"past", keypool.Policy{}, http.Header{"Retry-After": {"Sun, 31 Dec 2023 23:59:59 GMT"}}, time.Minute},
		{"huge", keypool.Policy{}, http.Header{"Retry-After": {"999999999999999999999"}}, 24 * time.Hour},
		{"own default", rule(keypool.Rule{Default: 3 * time.Second}), nil, 3 * time.Second},
		{"own default, hint", rule(keypool.Rule{Default: 3 * time.Second}), http.Header{"Retry-After": {"5"}}, 5 * time.Second},
		{"own default, negative", rule(keypool.Rule{Default: -1}), nil, time.Minute},
		{"cap", rule(keypool.Rule{Cap: 10 * time.Second}), http.Header{"Retry-After": {"13262"}}, 10 * time.Second},
		{"cap, shorter hint", rule(keypool.Rule{Cap: 10 * time.Second}), http.Header{"Retry-After": {"9"}}, 9 * time.Second},
		{"cap on the default", rule(keypool.Rule{Cap: 10 * time.Second}), nil, 10 * time.Second},
		{"cap, negative", rule(keypool.Rule{Cap: -1}), http.Header{"Retry-After": {"86401"}}, 24 * time.Hour},
		{"long default", rule(keypool.Rule{Default: 48 * time.Hour}), nil, 24 * time.Hour},
		{"long default under a longer cap", rule(keypool.Rule{Default: 48 * time.Hour, Cap: 72 * time.Hour}), nil, 48 * time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pool, clock := newPool(t, 2)
			up := &upstream{answers: map[string][]answer{"k0": {{status: 429, header: tt.header}}}}
			req, _ := post(t, "")
			roundTrip(t, keypool.NewTransport(pool, up, keypool.Config{Policy: tt.policy}), req)
			assert.Equal(t, clock.Now().Add(tt.want), pool.States()[0].Until)
			assert.Equal(t, 429, pool.States()[0].Reason)
		})
	}
}

func TestPolicyIsCopied(t *testing.T) {
	policy := keypool.Strict()
	pool, _ := newPool(t, 2)
	up := &upstream{answers: map[string][]answer{"k0": {limited("5")}}}
	rt := keypool.NewTransport(pool, up, keypool.Config{Policy: policy})
	delete(policy.Status, 429)
	req, _ := post(t, "")
	roundTrip(t, rt, req)
	assert.Equal(t, "k0 k1", up.keys())
	assert.Contains(t, keypool.Strict().Status, 429, "presets are not shared")
}
