package proxy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/proxy"
)

const (
	urlA = "https://a.invalid/v1"
	urlB = "https://b.invalid/v1"
	urlC = "https://c.invalid/v1"
)

// cooling is a lab with one provider, alpha at a.invalid, whose k0 cools for 60 s and
// whose k1 is disabled.
func cooling(t *testing.T) *keyLab {
	lab := newKeyLab(t, nil)
	lab.reload(row("alpha", urlA, "k0", "k1", "k2"))
	lab.mark("alpha", map[string]string{"k0": "429 60", "k1": "401"})
	assert.Equal(t, []string{"429 for 1m0s", "401", "ok"}, lab.states("alpha"))
	return lab
}

func TestKeyStatesAcrossOneReload(t *testing.T) {
	for _, tt := range []struct {
		name string
		next []proxy.Provider
		want map[string][]string
	}{
		{"re-read", []proxy.Provider{row("alpha", urlA, "k0", "k1", "k2")},
			map[string][]string{"alpha": {"429 for 1m0s", "401", "ok"}}},
		{"rename", []proxy.Provider{row("beta", urlA, "k0", "k1", "k2")},
			map[string][]string{"alpha": {}, "beta": {"429 for 1m0s", "401", "ok"}}},
		{"keys in another order, one new, one gone", []proxy.Provider{row("alpha", urlA, "k2", "k9", "k1", "k0")},
			map[string][]string{"alpha": {"ok", "ok", "401", "429 for 1m0s"}}},
		{"move to another host", []proxy.Provider{row("alpha", urlB, "k0", "k1", "k2")},
			map[string][]string{"alpha": {"429 for 1m0s", "ok", "ok"}}},
		{"another path of the same host", []proxy.Provider{row("alpha", "https://a.invalid/v2", "k0", "k1", "k2")},
			map[string][]string{"alpha": {"429 for 1m0s", "ok", "ok"}}},
		{"rename and another path", []proxy.Provider{row("beta", "https://a.invalid/v2", "k0", "k1", "k2")},
			map[string][]string{"beta": {"429 for 1m0s", "ok", "ok"}}},
		{"rename and move", []proxy.Provider{row("beta", urlB, "k0", "k1", "k2")},
			map[string][]string{"beta": {"ok", "ok", "ok"}}},
		{"disabled", []proxy.Provider{disabled(row("alpha", urlA, "k0", "k1", "k2"))},
			map[string][]string{"alpha": {"429 for 1m0s", "401", "ok"}}},
		{"disabled and renamed", []proxy.Provider{disabled(row("beta", urlA, "k0", "k1", "k2"))},
			map[string][]string{"beta": {"429 for 1m0s", "401", "ok"}}},
		{"another type", []proxy.Provider{{Name: "alpha", Type: "anthropic", BaseURL: urlA, Keys: []string{"k0", "k1", "k2"}}},
			map[string][]string{"alpha": {"429 for 1m0s", "401", "ok"}}},
		{"another provider with the same keys", []proxy.Provider{row("alpha", urlA, "k0", "k1", "k2"), row("beta", urlB, "k0", "k1", "k2")},
			map[string][]string{"alpha": {"429 for 1m0s", "401", "ok"}, "beta": {"ok", "ok", "ok"}}},
		{"row order decides: the host's new owner is first", []proxy.Provider{row("beta", urlA, "k0", "k1", "k2"), row("alpha", urlC, "k0", "k1", "k2")},
			map[string][]string{"beta": {"429 for 1m0s", "401", "ok"}, "alpha": {"ok", "ok", "ok"}}},
		{"row order decides: the name is first", []proxy.Provider{row("alpha", urlC, "k0", "k1", "k2"), row("beta", urlA, "k0", "k1", "k2")},
			map[string][]string{"beta": {"ok", "ok", "ok"}, "alpha": {"429 for 1m0s", "ok", "ok"}}},
		{"key by key", []proxy.Provider{row("alpha", urlA, "k1"), row("beta", urlB, "k0"), row("gamma", urlC, "k2")},
			map[string][]string{"alpha": {"401"}, "beta": {"ok"}, "gamma": {"ok"}}},
		{"by name what the name has, by host the rest", []proxy.Provider{row("alpha", urlB, "k1"), row("beta", urlA, "k0", "k1")},
			map[string][]string{"alpha": {"ok"}, "beta": {"429 for 1m0s", "ok"}}},
		{"an enabled row before a disabled one", []proxy.Provider{disabled(row("old", urlA, "k0", "k1", "k2")), row("alpha", urlA, "k0", "k1", "k2")},
			map[string][]string{"old": {"ok", "ok", "ok"}, "alpha": {"429 for 1m0s", "401", "ok"}}},
		{"a row in error keeps nothing disabled", []proxy.Provider{row("alpha", "", "k0", "k1", "k2")},
			map[string][]string{"alpha": {}}},
		{"a disabled row with a bad key list", []proxy.Provider{disabled(row("alpha", urlA, "k0", "k0"))},
			map[string][]string{"alpha": {}}},
		{"no keys", []proxy.Provider{row("alpha", urlA)}, map[string][]string{"alpha": {}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lab := cooling(t)
			lab.reload(tt.next...)
			for name, want := range tt.want {
				assert.Equal(t, want, lab.states(name), name)
			}
		})
	}
}

func TestStatesOfADisabledRowByHost(t *testing.T) {
	lab := cooling(t)
	lab.reload(disabled(row("alpha", urlA, "k0", "k1", "k2")))
	lab.reload(row("beta", urlA, "k0", "k1", "k2"))
	assert.Equal(t, []string{"429 for 1m0s", "401", "ok"}, lab.states("beta"))
}

// A kept state has one heir: from then on it is a row's, and no other's.
func TestAKeptStateIsHandedOnOnce(t *testing.T) {
	lab := newKeyLab(t, nil)
	lab.reload(row("alpha", urlA, "k"))
	lab.mark("alpha", map[string]string{"k": "429 60"})
	lab.reload()
	lab.reload(row("alpha", urlA, "k"))
	lab.reload(row("beta", urlA, "k"))
	lab.reload(row("beta", urlB, "k"), row("alpha", urlA, "k"))
	assert.Equal(t, []string{"429 for 1m0s"}, lab.states("beta"))
	assert.Equal(t, []string{"ok"}, lab.states("alpha"), "providers never share state")
}

// Of two states that are left at one place, the longer rest is kept.
func TestTwoKeptStatesAtOnePlace(t *testing.T) {
	for _, tt := range []struct {
		first, second string
		want          string
	}{{"429 60", "429 10", "429 for 1m0s"}, {"429 10", "429 60", "429 for 1m0s"}} {
		lab := newKeyLab(t, nil)
		lab.reload(row("alpha", urlA, "k"))
		lab.mark("alpha", map[string]string{"k": tt.first})
		lab.reload()
		lab.reload(row("alpha", urlB, "k"))
		lab.reload(row("alpha", urlA, "k"))
		lab.mark("alpha", map[string]string{"k": tt.second})
		lab.reload()
		lab.reload(row("alpha", urlA, "k"))
		assert.Equal(t, []string{tt.want}, lab.states("alpha"))
	}
}

func TestSwapOfNames(t *testing.T) {
	lab := newKeyLab(t, nil)
	lab.reload(row("alpha", urlA, "k"), row("beta", urlB, "k"))
	lab.mark("alpha", map[string]string{"k": "429 60"})
	lab.reload(row("beta", urlA, "k"), row("alpha", urlB, "k"))
	assert.Equal(t, []string{"429 for 1m0s"}, lab.states("alpha"), "the name goes before the host")
	assert.Equal(t, []string{"ok"}, lab.states("beta"))
}

func TestRemovalAndReturn(t *testing.T) {
	all := row("alpha", urlA, "k0", "k1", "k2")
	gone := row("other", urlC, "x")
	back := func(p proxy.Provider, wait time.Duration) []string {
		lab := cooling(t)
		lab.reload(gone)
		assert.Empty(t, lab.states("alpha"))
		lab.advance(wait)
		lab.reload(gone, p)
		return lab.states(p.Name)
	}
	assert.Equal(t, []string{"429 for 50s", "ok", "ok"}, back(all, 10*time.Second), "a cooldown is kept, a refusal forgotten")
	assert.Equal(t, []string{"ok", "ok", "ok"}, back(all, time.Minute), "until its deadline")
	assert.Equal(t, []string{"ok", "ok", "ok"}, back(row("beta", urlA, "k0", "k1", "k2"), 0), "for its name")
	assert.Equal(t, []string{"ok", "ok", "ok"}, back(row("alpha", urlB, "k0", "k1", "k2"), 0), "and its host")
	assert.Equal(t, []string{"429 for 59s"}, back(disabled(row("alpha", urlA, "k0")), time.Second), "also for a disabled row")

	lab := cooling(t)
	lab.reload()
	lab.reload(disabled(all))
	lab.reload(row("alpha", "", "k0"))
	lab.reload(all)
	assert.Equal(t, []string{"429 for 1m0s", "ok", "ok"}, lab.states("alpha"), "through a row in error")
	lab.reload(row("alpha", urlA, "k1"))
	lab.reload(all)
	assert.Equal(t, []string{"429 for 1m0s", "ok", "ok"}, lab.states("alpha"), "a single key that left and came back")
}

func TestAFailingReloadMovesNoState(t *testing.T) {
	lab := cooling(t)
	lab.source.fail(errSource)
	assert.Error(t, lab.server.Reload(t.Context()))
	assert.Equal(t, []string{"429 for 1m0s", "401", "ok"}, lab.states("alpha"))
}

// What an attempt is told counts for its key, whatever the provider is called by then,
// unless it is a refusal and the key has left.
func TestLateAnswers(t *testing.T) {
	same := row("alpha", urlA, "k0", "k1")
	for _, tt := range []struct {
		name    string
		between [][]proxy.Provider
		answer  string
		want    map[string][]string
	}{
		{"limit after rename", [][]proxy.Provider{{row("beta", urlA, "k0", "k1")}}, "429 60",
			map[string][]string{"beta": {"429 for 1m0s", "ok"}}},
		{"limit after move", [][]proxy.Provider{{row("alpha", urlB, "k0", "k1")}}, "429 60",
			map[string][]string{"alpha": {"429 for 1m0s", "ok"}}},
		{"refusal after rename", [][]proxy.Provider{{row("beta", urlA, "k0", "k1")}}, "401",
			map[string][]string{"beta": {"401", "ok"}}},
		{"refusal after re-read", [][]proxy.Provider{{same}}, "403", map[string][]string{"alpha": {"403", "ok"}}},
		{"refusal after move is dropped", [][]proxy.Provider{{row("alpha", urlB, "k0", "k1")}}, "401",
			map[string][]string{"alpha": {"ok", "ok"}}},
		{"refusal after another path is dropped", [][]proxy.Provider{{row("alpha", "https://a.invalid", "k0", "k1")}}, "401",
			map[string][]string{"alpha": {"ok", "ok"}}},
		{"refusal after return is dropped", [][]proxy.Provider{{}, {same}}, "401",
			map[string][]string{"alpha": {"ok", "ok"}}},
		{"refusal after rename and move is dropped", [][]proxy.Provider{{row("beta", urlA, "k0", "k1", "k2")}, {row("beta", urlB, "k0", "k1", "k2")}}, "401",
			map[string][]string{"beta": {"ok", "ok", "ok"}}},
		{"limit after return is another key's", [][]proxy.Provider{{}, {same}}, "429 60",
			map[string][]string{"alpha": {"ok", "ok"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lab := newKeyLab(t, nil)
			lab.reload(same)
			release := lab.begin("alpha", "k0")
			for _, rows := range tt.between {
				lab.reload(rows...)
			}
			release(tt.answer)
			for name, want := range tt.want {
				assert.Equal(t, want, lab.states(name), name)
			}
		})
	}
}

// A request that began before a move may still be walking after it: what its further
// keys are told is about the old address as well.
func TestRefusalsOfAWalkThatOutlivedItsRow(t *testing.T) {
	lab := newKeyLab(t, nil)
	lab.reload(row("alpha", urlA, "k0", "k1"))
	release := lab.begin("alpha", "k0")
	lab.reload(row("alpha", urlB, "k0", "k1"))
	lab.answers = map[string]string{"k1": "401"}
	release("401")
	assert.Equal(t, []string{"a.invalid k0", "a.invalid k1"}, lab.tried)
	assert.Equal(t, []string{"ok", "ok"}, lab.states("alpha"))
}

func TestALateLimitExtendsAKeptCooldown(t *testing.T) {
	lab := newKeyLab(t, nil)
	lab.reload(row("alpha", urlA, "k0", "k1"))
	release := lab.begin("alpha", "k0")
	lab.mark("alpha", map[string]string{"k0": "429 10"})
	lab.reload()
	release("429 60")
	lab.advance(30 * time.Second)
	lab.reload(row("alpha", urlA, "k0", "k1"))
	assert.Equal(t, []string{"429 for 30s", "ok"}, lab.states("alpha"))
}

// The new address answers for itself: a refusal by it counts at once.
func TestRefusalAfterMoveCounts(t *testing.T) {
	lab := cooling(t)
	lab.reload(row("alpha", urlB, "k0", "k1", "k2"))
	lab.mark("alpha", map[string]string{"k1": "403"})
	assert.Equal(t, []string{"429 for 1m0s", "403", "ok"}, lab.states("alpha"))
	status, tried := lab.ask("alpha")
	assert.Equal(t, 200, status)
	assert.Equal(t, []string{"b.invalid k2"}, tried)
}
