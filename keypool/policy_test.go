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

func TestPolicyPrints(t *testing.T) {
	for _, tt := range []struct {
		policy keypool.Policy
		want   string
	}{
		{keypool.Policy{}, "401 disable, 403 disable, 429 cooldown"},
		{keypool.Strict(), "401 disable, 403 disable, 429 cooldown"},
		{keypool.Recovering(), "401 cooldown default 1m0s, 402 billing_error cooldown default 1h0m0s, 429 cooldown, " +
			"429 billing_not_active cooldown default 1h0m0s, 429 insufficient_quota cooldown default 1h0m0s"},
		{keypool.Policy{Status: map[int]keypool.Rule{}}, "every answer passes"},
		{keypool.Policy{Status: map[int]keypool.Rule{529: {Action: keypool.Cooldown, Default: time.Second, Cap: time.Minute}, 400: {}},
			Codes: map[int]map[string]keypool.Rule{400: {"a b": {Action: keypool.Disable}}, 404: {}}},
			`400 pass, 400 "a b" disable, 529 cooldown default 1s cap 1m0s`},
	} {
		assert.Equal(t, tt.want, tt.policy.String())
	}
}

func TestPolicyEqual(t *testing.T) {
	assert.True(t, keypool.Policy{}.Equal(keypool.Strict()))
	assert.True(t, keypool.Recovering().Equal(keypool.Recovering()))
	assert.False(t, keypool.Strict().Equal(keypool.Recovering()))
	other := keypool.Recovering()
	other.Codes[429]["insufficient_quota"] = keypool.Rule{Action: keypool.Disable}
	assert.False(t, other.Equal(keypool.Recovering()))
	assert.False(t, keypool.Recovering().Codes[429]["insufficient_quota"] == other.Codes[429]["insufficient_quota"], "presets are not shared")
}

func TestPolicyCodesAreCopied(t *testing.T) {
	policy := refuseCodes()
	pool, _ := newPool(t, 2)
	up := &upstream{answers: map[string][]answer{"k0": {coded(429, `{"error":{"code":"x"}}`)}}}
	rt := keypool.NewTransport(pool, up, keypool.Config{Policy: policy})
	delete(policy.Codes[429], "x")
	req, _ := post(t, "")
	roundTrip(t, rt, req)
	assert.Equal(t, keypool.Disabled, pool.States()[0].State)
}
