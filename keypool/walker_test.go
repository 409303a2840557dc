package keypool_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/keypool"
)

func TestWalkOffersEachKeyOnceInOrder(t *testing.T) {
	for _, n := range []int{1, 2, 5, 63, 64, 65, 127, 128, 129, 192, 193, 300} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			pool, _ := newPool(t, n)
			all, spent := attempts(pool)
			require.Len(t, all, n)
			for i, a := range all {
				assert.Equal(t, i, a.Index)
				assert.Same(t, pool.Keys()[i], a.Key)
			}
			assert.Equal(t, keypool.Exhaustion{Tried: n, Keys: n}, spent)
		})
	}
}

func TestWalksAreIndependent(t *testing.T) {
	pool, _ := newPool(t, 2)
	first, second := pool.Walk(), pool.Walk()
	a, _ := first.Next()
	b, _ := second.Next()
	assert.Equal(t, 0, a.Index)
	assert.Equal(t, 0, b.Index)
}

func TestWalkSkipsMarkedKeys(t *testing.T) {
	pool, clock := newPool(t, 4)
	attempt(t, pool, 0).Cool(clock.Now(), time.Minute, 429)
	attempt(t, pool, 2).Disable(401)
	assert.Equal(t, "k1 k3", offered(pool))
	clock.Advance(time.Minute - 1)
	assert.Equal(t, "k1 k3", offered(pool), "one nanosecond before the deadline")
	clock.Advance(1)
	assert.Equal(t, "k0 k1 k3", offered(pool), "at the deadline")
}

// A key that became available during the request is used before the pool is called
// exhausted, and in the pool's order.
func TestWalkRescansFromTheFirstKey(t *testing.T) {
	pool, clock := newPool(t, 3)
	attempt(t, pool, 0).Cool(clock.Now(), time.Second, 429)
	walk := pool.Walk()
	a, ok := walk.Next()
	require.True(t, ok)
	require.Equal(t, 1, a.Index)
	clock.Advance(time.Second)
	a, ok = walk.Next()
	require.True(t, ok)
	assert.Equal(t, 0, a.Index, "back since the walk began, and before the third")
	a, ok = walk.Next()
	require.True(t, ok)
	assert.Equal(t, 2, a.Index)
	_, ok = walk.Next()
	assert.False(t, ok)
}

func TestWalkAfterExhaustionFindsAHealedKey(t *testing.T) {
	pool, _ := newPool(t, 2)
	attempt(t, pool, 1).Disable(401)
	walk := pool.Walk()
	_, ok := walk.Next()
	require.True(t, ok)
	_, ok = walk.Next()
	require.False(t, ok)
	pool.Keys()[1].Enable()
	a, ok := walk.Next()
	require.True(t, ok)
	assert.Equal(t, 1, a.Index)
}

func TestExhaustion(t *testing.T) {
	type mark func(keypool.Attempt, time.Time)
	cool := func(d time.Duration, status int) mark {
		return func(a keypool.Attempt, now time.Time) { a.Cool(now, d, status) }
	}
	disable := func(a keypool.Attempt, _ time.Time) { a.Disable(403) }
	limited := func(wait time.Duration) keypool.Exhaustion {
		return keypool.Exhaustion{RateLimited: true, Wait: wait}
	}
	for _, tt := range []struct {
		name       string
		marks      []mark
		want       keypool.Exhaustion
		status     int
		retryAfter int
	}{
		{"one", []mark{cool(5*time.Second, 429)}, limited(5 * time.Second), 429, 5},
		{"the shortest of three", []mark{cool(5*time.Second, 429), cool(3*time.Second, 429), cool(10*time.Second, 429)}, limited(3 * time.Second), 429, 3},
		{"rounded up", []mark{cool(3*time.Second+1, 429)}, limited(3*time.Second + 1), 429, 4},
		{"at least one second", []mark{cool(1, 429)}, limited(1), 429, 1},
		{"all disabled", []mark{disable, disable}, keypool.Exhaustion{}, 502, 0},
		{"cooling since refused", []mark{cool(5*time.Second, 401), disable}, keypool.Exhaustion{}, 502, 0},
		{"a refusal's shorter deadline does not count", []mark{cool(2*time.Second, 401), cool(9*time.Second, 429), disable}, limited(9 * time.Second), 429, 9},
		{"disabled covers a limit", []mark{func(a keypool.Attempt, now time.Time) {
			a.Cool(now, time.Second, 429)
			a.Disable(401)
		}}, keypool.Exhaustion{}, 502, 0},
		{"the longest", []mark{cool(keypool.MaxCooldown, 429)}, limited(keypool.MaxCooldown), 429, 86400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pool, clock := newPool(t, len(tt.marks))
			for i, a := range mustAll(attempts(pool)) {
				tt.marks[i](a, clock.Now())
			}
			_, got := attempts(pool)
			tt.want.Keys = len(tt.marks)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.status, got.Status())
			assert.Equal(t, tt.retryAfter, got.RetryAfter())
		})
	}
}

// A tried key whose deadline has passed meanwhile still makes it a 429, with
// nothing left to wait: the next request will find it.
func TestExhaustionCountsATriedKeyPastItsDeadline(t *testing.T) {
	pool, clock := newPool(t, 2)
	walk := pool.Walk()
	first, _ := walk.Next()
	first.Cool(clock.Now(), time.Second, 429)
	second, _ := walk.Next()
	clock.Advance(5 * time.Second)
	second.Cool(clock.Now(), 7*time.Second, 429)
	_, ok := walk.Next()
	require.False(t, ok)
	assert.Equal(t, keypool.Exhaustion{RateLimited: true, Tried: 2, Keys: 2}, walk.Exhausted())
	assert.Equal(t, 1, walk.Exhausted().RetryAfter())
}

func TestExhaustionOfATriedAndHealedPool(t *testing.T) {
	pool, clock := newPool(t, 1)
	walk := pool.Walk()
	a, _ := walk.Next()
	a.Cool(clock.Now(), time.Second, 429)
	pool.Keys()[0].Enable()
	_, ok := walk.Next()
	require.False(t, ok)
	assert.Equal(t, http.StatusBadGateway, walk.Exhausted().Status(), "no key has a 429 any more")
}

func TestExhaustedIsZeroBeforeTheEnd(t *testing.T) {
	pool, _ := newPool(t, 2)
	walk := pool.Walk()
	walk.Next()
	assert.Equal(t, keypool.Exhaustion{}, walk.Exhausted())
}

func TestRetryAfterDoesNotOverflow(t *testing.T) {
	e := keypool.Exhaustion{RateLimited: true, Wait: 1<<63 - 1}
	assert.Equal(t, 9223372037, e.RetryAfter())
}

// The clock is read only where it is needed, and once.
func TestNextReadsTheClockAtMostOnce(t *testing.T) {
	clock := &countingClock{Clock: quartz.NewReal()}
	pool, err := keypool.New(secrets(5), clock)
	require.NoError(t, err)
	now := clock.Clock.Now()
	readings := func(f func()) int64 {
		before := clock.readings.Load()
		f()
		return clock.readings.Load() - before
	}

	walk := pool.Walk()
	var all [5]keypool.Attempt
	assert.Zero(t, readings(func() {
		for i := range all {
			all[i], _ = walk.Next()
		}
	}), "healthy keys")
	assert.EqualValues(t, 1, readings(func() { walk.Next() }), "exhausted")
	all[0].Disable(401)
	assert.Zero(t, readings(func() { pool.Walk().Next() }), "the first is disabled")
	all[1].Cool(now, time.Hour, 429)
	all[2].Cool(now, time.Hour, 429)
	assert.EqualValues(t, 1, readings(func() { pool.Walk().Next() }), "two are cooling")
}
