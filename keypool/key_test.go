package keypool_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/keypool"
)

func TestCool(t *testing.T) {
	type cool struct {
		after   time.Duration // since the start
		d       time.Duration
		status  int
		changed bool
	}
	for _, tt := range []struct {
		name  string
		cools []cool
		until time.Duration // since the start; 0: available
		why   int
	}{
		{"once", []cool{{0, 5 * time.Second, 429, true}}, 5 * time.Second, 429},
		{"later wins", []cool{{0, 5 * time.Second, 429, true}, {0, 6 * time.Second, 401, true}}, 6 * time.Second, 401},
		{"earlier never shortens", []cool{{0, 5 * time.Second, 429, true}, {0, time.Second, 401, false}}, 5 * time.Second, 429},
		{"shorter but later wins", []cool{{0, 5 * time.Second, 429, true}, {3 * time.Second, 3 * time.Second, 401, true}}, 6 * time.Second, 401},
		{"on a tie the first stays", []cool{{0, 5 * time.Second, 401, true}, {2 * time.Second, 3 * time.Second, 429, false}}, 5 * time.Second, 401},
		{"one nanosecond later", []cool{{0, 5 * time.Second, 401, true}, {0, 5*time.Second + 1, 429, true}}, 5*time.Second + 1, 429},
		{"after the deadline", []cool{{0, time.Second, 401, true}, {time.Minute, time.Second, 429, true}}, 61 * time.Second, 429},
		{"zero", []cool{{0, 0, 429, false}}, 0, 0},
		{"negative", []cool{{0, -time.Second, 429, false}}, 0, 0},
		{"the longest duration", []cool{{0, math.MaxInt64, 429, true}}, math.MaxInt64, 429},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pool, clock := newPool(t, 1)
			start := clock.Now()
			a := attempt(t, pool, 0)
			for _, c := range tt.cools {
				assert.Equal(t, c.changed, a.Cool(start.Add(c.after), c.d, c.status), "%+v", c)
			}
			now := start.Add(max(0, tt.until-1))
			got := pool.Keys()[0].State(now)
			if tt.until == 0 {
				assert.Equal(t, keypool.KeyState{}, got)
				return
			}
			assert.Equal(t, keypool.KeyState{State: keypool.Cooling, Reason: tt.why, Until: start.Add(tt.until)}, got)
			assert.Equal(t, keypool.KeyState{}, pool.Keys()[0].State(start.Add(tt.until)), "at the deadline")
		})
	}
}

func TestDisable(t *testing.T) {
	pool, clock := newPool(t, 1)
	a := attempt(t, pool, 0)
	assert.True(t, a.Disable(401))
	assert.False(t, a.Disable(403), "disabled already")
	assert.False(t, a.Cool(clock.Now(), time.Hour, 429), "a cooldown of a disabled key")
	assert.Equal(t, keypool.KeyState{Hint: "#1", State: keypool.Disabled, Reason: 401}, pool.States()[0])
	clock.Advance(1000 * time.Hour)
	assert.Equal(t, keypool.Disabled, pool.States()[0].State, "it does not end by itself")
	assert.Empty(t, offered(pool))
}

func TestDisableCoversACooldown(t *testing.T) {
	pool, clock := newPool(t, 1)
	start := clock.Now()
	a := attempt(t, pool, 0)
	require.True(t, a.Cool(start, time.Minute, 429))
	require.True(t, a.Disable(401))
	assert.Equal(t, keypool.Disabled, pool.States()[0].State)

	assert.True(t, pool.Keys()[0].ClearDisabled())
	assert.Equal(t, keypool.KeyState{Hint: "#1", State: keypool.Cooling, Reason: 429, Until: start.Add(time.Minute)}, pool.States()[0],
		"the cooldown was not cleared")
	clock.Advance(time.Minute)
	assert.Equal(t, keypool.Available, pool.States()[0].State)
}

func TestClearDisabled(t *testing.T) {
	pool, clock := newPool(t, 1)
	key, a := pool.Keys()[0], attempt(t, pool, 0)
	assert.False(t, key.ClearDisabled(), "available")
	a.Cool(clock.Now(), time.Minute, 429)
	assert.False(t, key.ClearDisabled(), "cooling")
	assert.Equal(t, keypool.Cooling, pool.States()[0].State)
	key.Enable()
	attempt(t, pool, 0).Disable(401)
	assert.True(t, key.ClearDisabled())
	assert.Equal(t, keypool.Available, pool.States()[0].State)
	assert.False(t, key.ClearDisabled(), "cleared already")
}

func TestEnable(t *testing.T) {
	pool, clock := newPool(t, 1)
	key, a := pool.Keys()[0], attempt(t, pool, 0)
	assert.False(t, key.Enable(), "nothing to heal")
	a.Cool(clock.Now(), time.Minute, 429)
	assert.True(t, key.Enable(), "cooling")
	assert.Equal(t, keypool.Available, pool.States()[0].State)
	a.Cool(clock.Now(), time.Minute, 429)
	a.Disable(401)
	assert.True(t, key.Enable(), "disabled over cooling")
	assert.Equal(t, keypool.Available, pool.States()[0].State, "both are cleared")
	assert.True(t, attempt(t, pool, 0).Disable(401), "a refusal counts again")
}

// What was under way when the operator healed the key says what the operator knew.
func TestEnableDropsRefusalsOfAttemptsBegunBefore(t *testing.T) {
	pool, clock := newPool(t, 1)
	early, late := attempt(t, pool, 0), attempt(t, pool, 0)
	require.True(t, early.Disable(401))
	require.True(t, pool.Keys()[0].Enable())
	after := attempt(t, pool, 0)
	assert.False(t, late.Disable(401), "began before the healing")
	assert.Equal(t, keypool.Available, pool.States()[0].State)
	assert.True(t, late.Cool(clock.Now(), time.Minute, 429), "a limit is news")
	assert.True(t, after.Disable(403), "began after it")
	assert.Equal(t, 403, pool.States()[0].Reason)
}

func TestLeaveDropsRefusalsOfAttemptsBegunBefore(t *testing.T) {
	pool, clock := newPool(t, 1)
	key := pool.Keys()[0]
	before := attempt(t, pool, 0)
	key.Leave()
	after := attempt(t, pool, 0)
	assert.False(t, before.Disable(401))
	assert.Equal(t, keypool.Available, pool.States()[0].State)
	assert.True(t, before.Cool(clock.Now(), time.Minute, 429), "a cooldown counts all the same")
	assert.True(t, after.Disable(403), "begun after")
	assert.Equal(t, 403, pool.States()[0].Reason)
}

func TestPoolLeaveDropsRefusalsOfThatPoolOnly(t *testing.T) {
	for _, order := range []string{"leave, then the new pool", "the new pool, then leave"} {
		t.Run(order, func(t *testing.T) {
			old, clock := newPool(t, 2)
			begun := attempt(t, old, 0)
			var next *keypool.Pool
			var err error
			if order == "leave, then the new pool" {
				old.Leave(0)
				next, err = keypool.NewOf(old.Keys(), clock, keypool.Primary)
			} else {
				next, err = keypool.NewOf(old.Keys(), clock, keypool.Primary)
				old.Leave(0)
			}
			require.NoError(t, err)
			late := attempt(t, old, 0) // a request pinned to the old routes goes on
			assert.False(t, begun.Disable(401), "begun before")
			assert.False(t, late.Disable(401), "begun after, at the old address")
			assert.True(t, late.Cool(clock.Now(), time.Second, 429), "a cooldown counts all the same")
			old.Keys()[0].Enable()
			assert.True(t, attempt(t, next, 0).Disable(401), "an attempt of the new pool")
			assert.True(t, attempt(t, old, 1).Disable(401), "another key of the old pool")
		})
	}
}

func TestKeysOutliveTheirPools(t *testing.T) {
	old, clock := newPool(t, 2)
	late := attempt(t, old, 1)
	next, err := keypool.NewOf([]*keypool.Key{old.Keys()[1], keypool.NewKey("new")}, clock, keypool.Primary)
	require.NoError(t, err)
	require.True(t, late.Cool(clock.Now(), time.Minute, 429))
	assert.Equal(t, "new", offered(next), "the mark of the old pool's attempt is seen through the new pool")
	assert.Equal(t, "#1", next.States()[0].Hint, "the position is the new pool's")
	assert.Equal(t, keypool.Cooling, next.States()[0].State)
}
