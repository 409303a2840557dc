package keypool_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/keypool"
)

// The model keeps no state of a key. It keeps the whole history and, when asked,
// tells it again from the beginning.

type event struct {
	kind   string // cool, refuse, clear, heal
	until  time.Time
	status int
	at     time.Time // of the answer
}

type history []event

// retell gives what holds against a key at the end of its history.
func (h history) retell() (refusal int, until time.Time, limit int) {
	for _, e := range h {
		switch {
		case e.kind == "heal":
			refusal, until, limit = 0, time.Time{}, 0
		case e.kind == "clear":
			refusal = 0
		case refusal != 0:
			// nothing sticks to a disabled key
		case e.kind == "refuse":
			refusal = e.status
		case e.kind == "cool" && e.until.After(until):
			until, limit = e.until, e.status
		}
	}
	return refusal, until, limit
}

func (h history) stateAt(now time.Time) keypool.KeyState {
	refusal, until, limit := h.retell()
	if refusal != 0 {
		return keypool.KeyState{State: keypool.Disabled, Reason: refusal}
	}
	if until.After(now) {
		return keypool.KeyState{State: keypool.Cooling, Reason: limit, Until: until}
	}
	return keypool.KeyState{State: keypool.Available}
}

// since is the instant of the answer that set the last cooldown; zero: none since the
// key was made or healed.
func (h history) since() (at time.Time) {
	for i, e := range h {
		if _, before, _ := h[:i].retell(); e.kind == "heal" {
			at = time.Time{}
		} else if _, after, _ := h[:i+1].retell(); !after.Equal(before) {
			at = e.at
		}
	}
	return at
}

type modelPool struct {
	real     *keypool.Pool
	strategy keypool.Strategy
	used     int // index of the key that was given out last, -1: none
	keys     []string
	left     map[string]bool
}

// want is the index of the key that a walk gets next; -1: none is left.
func (p *modelPool) want(now time.Time, tried []string, told map[string]history) int {
	var usable []int
	for i, name := range p.keys {
		if !slices.Contains(tried, name) && told[name].stateAt(now).State == keypool.Available {
			usable = append(usable, i)
		}
	}
	if len(usable) == 0 {
		return -1
	}
	switch p.strategy {
	case keypool.RoundRobin:
		if i := slices.IndexFunc(usable, func(i int) bool { return i > p.used }); i >= 0 {
			return usable[i]
		}
	case keypool.LeastRecentlyLimited:
		return slices.MinFunc(usable, func(a, b int) int {
			return told[p.keys[a]].since().Compare(told[p.keys[b]].since())
		})
	}
	return usable[0]
}

type modelAttempt struct {
	real   keypool.Attempt
	pool   *modelPool
	secret string
	stale  bool // its key left or was healed since it began
}

type modelWalk struct {
	real  *keypool.Walker
	pool  *modelPool
	tried []string
}

type machine struct {
	clock    *quartz.Mock
	real     map[string]*keypool.Key
	told     map[string]history
	pools    []*modelPool
	walks    []*modelWalk
	attempts []*modelAttempt
	made     int
}

func TestPoolAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := quartz.NewMock(t)
		clock.WithLogger(quartz.NoOpLogger)
		m := &machine{clock: clock, real: map[string]*keypool.Key{}, told: map[string]history{}}
		n := rapid.SampledFrom([]int{1, 2, 3, 4, 6, 130}).Draw(t, "keys")
		var names []string
		for range n {
			names = append(names, m.newKey())
		}
		m.newPool(t, names)
		t.Repeat(map[string]func(*rapid.T){
			"":           m.check,
			"advance":    m.advance,
			"walk":       m.walk,
			"step":       m.step,
			"step again": m.step,
			"cool":       m.cool,
			"cool again": m.cool,
			"refuse":     m.refuse,
			"heal":       m.heal,
			"clear":      m.clear,
			"leave":      m.leave,
			"leave pool": m.leavePool,
			"reload":     m.reload,
		})
	})
}

func (m *machine) newKey() string {
	name := fmt.Sprintf("key-%d", m.made)
	m.made++
	m.real[name] = keypool.NewKey(name)
	return name
}

func (m *machine) newPool(t *rapid.T, names []string) {
	keys := make([]*keypool.Key, len(names))
	for i, name := range names {
		keys[i] = m.real[name]
	}
	strategy := rapid.SampledFrom([]keypool.Strategy{keypool.Primary, keypool.RoundRobin, keypool.LeastRecentlyLimited}).Draw(t, "strategy")
	real, err := keypool.NewOf(keys, m.clock, strategy)
	require.NoError(t, err)
	m.pools = append(m.pools, &modelPool{real: real, strategy: strategy, used: -1, keys: names, left: map[string]bool{}})
}

// check compares every key of every pool.
func (m *machine) check(t *rapid.T) {
	for p, pool := range m.pools {
		got := pool.real.States()
		require.Len(t, got, len(pool.keys))
		for i, name := range pool.keys {
			want := m.told[name].stateAt(m.clock.Now())
			want.Hint = fmt.Sprintf("#%d", i+1)
			require.Equal(t, want, got[i], "pool %d, %s", p, name)
		}
	}
}

// advance moves the clock, as a rule to just before, at or just after a deadline.
func (m *machine) advance(t *rapid.T) {
	now := m.clock.Now()
	var ahead []time.Duration
	for _, pool := range m.pools {
		for _, name := range pool.keys {
			if _, until, _ := m.told[name].retell(); until.After(now) {
				ahead = append(ahead, until.Sub(now))
			}
		}
	}
	d := time.Duration(rapid.Int64Range(1, int64(3*time.Second)).Draw(t, "free"))
	if len(ahead) > 0 && rapid.IntRange(0, 9).Draw(t, "aim") > 0 {
		d = rapid.SampledFrom(ahead).Draw(t, "deadline") + time.Duration(rapid.IntRange(-1, 1).Draw(t, "off"))
	}
	m.clock.Advance(d)
}

func (m *machine) walk(t *rapid.T) {
	pool := rapid.SampledFrom(m.pools).Draw(t, "pool")
	m.walks = append(m.walks, &modelWalk{real: pool.real.Walk(), pool: pool})
}

// step takes one step of some walk, and compares where it leads.
func (m *machine) step(t *rapid.T) {
	if len(m.walks) == 0 {
		t.Skip("no walk")
	}
	w := rapid.SampledFrom(m.walks).Draw(t, "walk")
	now := m.clock.Now()
	want := w.pool.want(now, w.tried, m.told)
	got, ok := w.real.Next()
	if want < 0 {
		require.False(t, ok, "offered %d", got.Index)
		require.Equal(t, m.exhaustion(w, now), w.real.Exhausted())
		return
	}
	require.True(t, ok, "key %d is available and was not tried", want)
	require.Equal(t, want, got.Index)
	name := w.pool.keys[want]
	require.Same(t, m.real[name], got.Key)
	w.tried, w.pool.used = append(w.tried, name), want
	m.attempts = append(m.attempts, &modelAttempt{real: got, pool: w.pool, secret: name})
}

func (m *machine) exhaustion(w *modelWalk, now time.Time) keypool.Exhaustion {
	var waits []time.Duration
	for _, name := range w.pool.keys {
		if refusal, until, limit := m.told[name].retell(); refusal == 0 && limit == 429 {
			waits = append(waits, max(0, until.Sub(now)))
		}
	}
	e := keypool.Exhaustion{Tried: len(w.tried), Keys: len(w.pool.keys)}
	if len(waits) > 0 {
		e.RateLimited, e.Wait = true, slices.Min(waits)
	}
	return e
}

func (m *machine) anyAttempt(t *rapid.T) *modelAttempt {
	if len(m.attempts) == 0 {
		t.Skip("no attempt")
	}
	// The latest attempts are the likely ones, late marks the interesting ones.
	i := rapid.IntRange(0, len(m.attempts)-1).Draw(t, "attempt")
	return m.attempts[len(m.attempts)-1-i]
}

// cool marks with an instant that may lie in the past, as that of a late mark does.
func (m *machine) cool(t *rapid.T) {
	a := m.anyAttempt(t)
	at := m.clock.Now().Add(-time.Duration(rapid.IntRange(0, 2).Draw(t, "late")) * time.Second)
	d := time.Duration(rapid.IntRange(-1, 5).Draw(t, "seconds")) * time.Second
	status := rapid.SampledFrom([]int{429, 429, 401, 529}).Draw(t, "status")
	before := m.told[a.secret]
	after := before
	if d > 0 {
		after = append(slices.Clone(before), event{kind: "cool", until: at.Add(d), status: status, at: at})
	}
	m.told[a.secret] = after
	require.Equal(t, changed(before, after), a.real.Cool(at, d, status), "changed")
}

func (m *machine) refuse(t *rapid.T) {
	a := m.anyAttempt(t)
	status := rapid.SampledFrom([]int{401, 403}).Draw(t, "status")
	before := m.told[a.secret]
	after := before
	if !a.stale && !a.pool.left[a.secret] {
		after = append(slices.Clone(before), event{kind: "refuse", status: status})
	}
	m.told[a.secret] = after
	require.Equal(t, changed(before, after), a.real.Disable(status), "changed")
}

// changed compares what two histories come to.
func changed(before, after history) bool {
	type end struct {
		refusal int
		until   time.Time
		limit   int
	}
	var b, a end
	b.refusal, b.until, b.limit = before.retell()
	a.refusal, a.until, a.limit = after.retell()
	return b != a
}

func (m *machine) anyKey(t *rapid.T) string {
	return fmt.Sprintf("key-%d", rapid.IntRange(0, m.made-1).Draw(t, "key"))
}

func (m *machine) heal(t *rapid.T) {
	name := m.anyKey(t)
	after := append(slices.Clone(m.told[name]), event{kind: "heal"})
	require.Equal(t, changed(m.told[name], after), m.real[name].Enable(), "changed")
	m.told[name] = after
	m.outdate(name)
}

func (m *machine) clear(t *rapid.T) {
	name := m.anyKey(t)
	after := append(slices.Clone(m.told[name]), event{kind: "clear"})
	require.Equal(t, changed(m.told[name], after), m.real[name].ClearDisabled(), "changed")
	m.told[name] = after
}

func (m *machine) leave(t *rapid.T) {
	name := m.anyKey(t)
	m.real[name].Leave()
	m.outdate(name)
}

// outdate makes the key's attempts so far those of an earlier life.
func (m *machine) outdate(name string) {
	for _, a := range m.attempts {
		a.stale = a.stale || a.secret == name
	}
}

func (m *machine) leavePool(t *rapid.T) {
	pool := rapid.SampledFrom(m.pools).Draw(t, "pool")
	i := rapid.IntRange(0, len(pool.keys)-1).Draw(t, "index")
	pool.real.Leave(i)
	pool.left[pool.keys[i]] = true
}

// reload makes a pool of some keys of another one, in any order, and perhaps a new key.
func (m *machine) reload(t *rapid.T) {
	from := rapid.SampledFrom(m.pools).Draw(t, "pool")
	names := rapid.Permutation(from.keys).Draw(t, "order")
	names = slices.Clone(names[:rapid.IntRange(0, len(names)).Draw(t, "kept")])
	if len(names) == 0 || rapid.Bool().Draw(t, "new") {
		names = append(names, m.newKey())
	}
	m.newPool(t, names)
}
