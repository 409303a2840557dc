package proxy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/keypool"
	"github.com/gatedrill/gatedrill/proxy"
)

// A round goes on across reloads that leave a provider's keys and base URL as they are,
// and begins with the first key otherwise.
func TestRoundRobinAcrossReloads(t *testing.T) {
	for _, tt := range []struct {
		name string
		next proxy.Provider
		want string // the key after k0, k1
	}{
		{"re-read", row("alpha", urlA, "k0", "k1", "k2", "k3"), "k2"},
		{"rename", row("beta", urlA, "k0", "k1", "k2", "k3"), "k2"},
		{"another path", row("alpha", "https://a.invalid/v2", "k0", "k1", "k2", "k3"), "k0"},
		{"another order", row("alpha", urlA, "k3", "k2", "k1", "k0"), "k3"},
		{"a key more", row("alpha", urlA, "k0", "k1", "k2", "k3", "k4"), "k0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lab := newKeyLabOf(t, proxy.Config{Strategy: keypool.RoundRobin})
			lab.reload(row("alpha", urlA, "k0", "k1", "k2", "k3"))
			for _, want := range []string{"a.invalid k0", "a.invalid k1"} {
				_, tried := lab.ask("alpha")
				assert.Equal(t, []string{want}, tried)
			}
			lab.reload(tt.next)
			_, tried := lab.ask(tt.next.Name)
			assert.Equal(t, []string{"a.invalid " + tt.want}, tried)
		})
	}
}

// Which key was limited the longest ago is known of the keys, whatever rows they are in.
func TestLeastLimitedAcrossReloads(t *testing.T) {
	lab := newKeyLabOf(t, proxy.Config{Strategy: keypool.LeastRecentlyLimited})
	lab.reload(row("alpha", urlA, "k0", "k1"))
	lab.mark("alpha", map[string]string{"k0": "429 1"})
	lab.advance(time.Second)
	lab.mark("alpha", map[string]string{"k1": "429 1"})
	lab.advance(time.Second)
	lab.reload(row("alpha", urlB, "k1", "k0"))
	_, tried := lab.ask("alpha")
	assert.Equal(t, []string{"b.invalid k0"}, tried)
}
