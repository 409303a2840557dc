package proxy_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/keypool"
	"github.com/gatedrill/gatedrill/proxy"
)

type plainVendor struct {
	name, target    string
	keyLine, noLine string // the header with the key, and the one that must not be there
	keyPrefix       string
	errors          map[int]string // error.type of the gateway's own answers, by status
}

func plainVendors() []plainVendor {
	return []plainVendor{
		{"anthropic", "https://alpha.invalid/v1/messages", "X-Api-Key", "Authorization", "",
			map[int]string{429: "rate_limit_error", 502: "api_error"}},
		{"openai", "https://alpha.invalid/v1/chat/completions", "Authorization", "X-Api-Key", "Bearer ",
			map[int]string{429: "requests", 502: "server_error"}},
	}
}

type plainFailover struct {
	name       string
	own        bool // the client sends a key of its own
	rules      []string
	status     int
	body       string         // "": the gateway's own error
	retryAfter []string       // all lines of the answer
	once       map[string]int // requests upstream by key, after one request
	twice      map[string]int // and after the same once more
	states     []string
}

func plainFailovers() []plainFailover {
	return []plainFailover{
		{name: "single_valid_key", rules: []string{`key k0: 200 body="fine"`},
			status: 200, body: "fine", once: map[string]int{"k0": 1}, twice: map[string]int{"k0": 2},
			states: []string{"#1 available", "#2 available"}},
		{name: "failover_after_429", rules: []string{`key k0: 429 retry-after=7`, `key k1: 200 body="fine"`},
			status: 200, body: "fine", once: map[string]int{"k0": 1, "k1": 1}, twice: map[string]int{"k0": 1, "k1": 2},
			states: []string{"#1 cooling 429 for 7s", "#2 available"}},
		{name: "failover_after_401", rules: []string{`key k0: 401`, `key k1: 200 body="fine"`},
			status: 200, body: "fine", once: map[string]int{"k0": 1, "k1": 1}, twice: map[string]int{"k0": 1, "k1": 2},
			states: []string{"#1 disabled 401", "#2 available"}},
		{name: "failover_after_403", rules: []string{`key k0: 403`, `key k1: 200 body="fine"`},
			status: 200, body: "fine", once: map[string]int{"k0": 1, "k1": 1}, twice: map[string]int{"k0": 1, "k1": 2},
			states: []string{"#1 disabled 403", "#2 available"}},
		{name: "all_keys_rate_limited", rules: []string{`key k0: 429 retry-after=30`, `key k1: 429 retry-after=7`},
			status: 429, retryAfter: []string{"7"}, once: map[string]int{"k0": 1, "k1": 1}, twice: map[string]int{"k0": 1, "k1": 1},
			states: []string{"#1 cooling 429 for 30s", "#2 cooling 429 for 7s"}},
		{name: "all_keys_unauthorized", rules: []string{`key k0: 401`, `key k1: 401`},
			status: 502, once: map[string]int{"k0": 1, "k1": 1}, twice: map[string]int{"k0": 1, "k1": 1},
			states: []string{"#1 disabled 401", "#2 disabled 401"}},
		{name: "server_error_no_failover", rules: []string{`key k0: 500 retry-after=3 body="broken"`},
			status: 500, body: "broken", retryAfter: []string{"3"}, once: map[string]int{"k0": 1}, twice: map[string]int{"k0": 2},
			states: []string{"#1 available", "#2 available"}},
		{name: "byok_no_failover", own: true, rules: []string{`key unknown: 429 retry-after=11 body="slow down"`},
			status: 429, body: "slow down", retryAfter: []string{"11"}, once: map[string]int{"unknown": 1}, twice: map[string]int{"unknown": 2},
			states: []string{"#1 available", "#2 available"}},
	}
}

// Which keys a request is sent with, what the client gets, and what is left of the pool.
func TestPassthrough_KeyFailover(t *testing.T) {
	for _, vendor := range plainVendors() {
		t.Run(vendor.name, func(t *testing.T) {
			for _, tt := range plainFailovers() {
				t.Run(tt.name, func(t *testing.T) { testPlainFailover(t, vendor, tt) })
			}
		})
	}
}

func testPlainFailover(t *testing.T, vendor plainVendor, tt plainFailover) {
	g := newPlainGateway(t, nil)
	up := g.upstream("alpha.invalid", tt.rules...)
	g.reload(proxy.Provider{Name: "alpha", Type: vendor.name, BaseURL: "https://alpha.invalid/v1", Keys: []string{"sk-zero", "sk-one"}})
	client := g.client()
	credential, whose := plainToken, "central" // an SDK is given the gateway's token as its key
	if tt.own {
		credential, whose = "sk-own", "own"
	}
	for _, want := range []map[string]int{tt.once, tt.twice} {
		got := client.do("POST", vendor.target, `{"model":"m","n":1}`, vendor.keyLine+": "+vendor.keyPrefix+credential)
		assert.Equal(t, tt.status, got.status)
		assert.Equal(t, tt.retryAfter, got.header.Values("Retry-After"))
		assert.Equal(t, whose, got.header.Get(proxy.HeaderCredential))
		if tt.body != "" {
			assert.Equal(t, tt.body, got.body)
		} else {
			var shape struct{ Error struct{ Type string } }
			require.NoError(t, json.Unmarshal([]byte(got.body), &shape), got.body)
			assert.Equal(t, vendor.errors[tt.status], shape.Error.Type)
		}
		assert.Equal(t, want, up.countsByKey())
		assert.Equal(t, tt.states, g.keyStates("alpha"))
	}
	secrets := plainSecrets()
	secrets["unknown"] = "sk-own"
	for _, r := range up.Requests() {
		assert.Equal(t, []string{vendor.keyPrefix + secrets[r.Key]}, r.Header.Values(vendor.keyLine))
		assert.Empty(t, r.Header.Values(vendor.noLine))
		assert.Equal(t, vendor.target, "https://"+r.Host+r.Path)
		assert.Equal(t, `{"model":"m","n":1}`, string(r.Body))
	}
	assert.Empty(t, up.Faults())
}

func (u *plainUpstream) countsByKey() map[string]int {
	counts := map[string]int{}
	for _, r := range u.Requests() {
		counts[r.Key]++
	}
	return counts
}

// keyStates returns a provider's keys as "hint state reason for rest".
func (g *plainGateway) keyStates(provider string) []string {
	var states []string
	for _, k := range g.server.KeyStates(provider) {
		text := k.Hint + " " + k.State.String()
		if k.Reason != 0 {
			text += fmt.Sprint(" ", k.Reason)
		}
		if k.State == keypool.Cooling {
			text += " for " + k.Until.Sub(g.clock.Now()).String()
		}
		states = append(states, text)
	}
	return states
}
