package keypool_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/keypool"
)

var everyStrategy = []keypool.Strategy{keypool.Primary, keypool.RoundRobin, keypool.LeastRecentlyLimited}

func poolOf(t testing.TB, n int, s keypool.Strategy) (*keypool.Pool, *quartz.Mock) {
	t.Helper()
	plain, clock := newPool(t, n)
	pool, err := keypool.NewOf(plain.Keys(), clock, s)
	require.NoError(t, err)
	return pool, clock
}

// firsts are the keys that so many walks, one after the other, begin with.
func firsts(t testing.TB, pool *keypool.Pool, walks int) string {
	t.Helper()
	var names []string
	for range walks {
		a, ok := pool.Walk().Next()
		require.True(t, ok)
		names = append(names, a.Key.Secret())
	}
	return strings.Join(names, " ")
}

func TestStrategyNames(t *testing.T) {
	for _, s := range everyStrategy {
		got, err := keypool.ParseStrategy(s.String())
		require.NoError(t, err)
		assert.Equal(t, s, got)
	}
	_, err := keypool.ParseStrategy("random")
	require.ErrorIs(t, err, keypool.ErrUnknownStrategy)
	assert.ErrorContains(t, err, `"random": it is one of primary, round-robin, least-limited`)
	_, err = keypool.NewOf([]*keypool.Key{keypool.NewKey("a")}, nil, 7)
	require.ErrorIs(t, err, keypool.ErrUnknownStrategy)
	assert.ErrorContains(t, err, "Strategy(7)")
}

// The table in the documentation of Strategy: k1 of three cools.
func TestStrategyWithACoolingKey(t *testing.T) {
	for s, want := range map[keypool.Strategy]string{
		keypool.Primary:              "k0 k0 k0 k0",
		keypool.RoundRobin:           "k0 k2 k0 k2",
		keypool.LeastRecentlyLimited: "k0 k0 k0 k0",
	} {
		pool, clock := poolOf(t, 3, s)
		attempt(t, pool, 1).Cool(clock.Now(), time.Minute, 429)
		assert.Equal(t, want, firsts(t, pool, 4), s)
	}
}

// A disabled key is no key's turn, under any strategy, and a healed one is again.
func TestStrategyWithADisabledKey(t *testing.T) {
	for s, want := range map[keypool.Strategy][2]string{
		keypool.Primary:              {"k1 k1 k1 k1", "k0 k0 k0"},
		keypool.RoundRobin:           {"k1 k2 k1 k2", "k0 k1 k2"},
		keypool.LeastRecentlyLimited: {"k1 k1 k1 k1", "k0 k0 k0"},
	} {
		pool, _ := poolOf(t, 3, s)
		attempt(t, pool, 0).Disable(401)
		assert.Equal(t, want[0], firsts(t, pool, 4), s)
		pool.Keys()[0].Enable()
		assert.Equal(t, want[1], firsts(t, pool, 3), s)
	}
}

func TestRoundRobinCountsEveryUse(t *testing.T) {
	pool, _ := poolOf(t, 3, keypool.RoundRobin)
	walk := pool.Walk()
	walk.Next()
	walk.Next() // a request that failed over used k0 and k1
	assert.Equal(t, "k2 k0 k1", firsts(t, pool, 3))
	a, ok := walk.Next()
	require.True(t, ok)
	assert.Equal(t, "k2", a.Key.Secret(), "the walk has its own memory")
	_, ok = walk.Next()
	assert.False(t, ok, "and tries no key twice")
}

// However many walk at once, the uses are shared out to the last one.
func TestRoundRobinIsEvenUnderConcurrency(t *testing.T) {
	const walkers, each, keys = 8, 300, 3
	pool, _ := poolOf(t, keys+1, keypool.RoundRobin)
	attempts, _ := attempts(pool)
	attempts[1].Disable(403)
	var mu sync.Mutex
	used := map[string]int{}
	var wg sync.WaitGroup
	for range walkers {
		wg.Go(func() {
			for range each {
				a, ok := pool.Walk().Next()
				if !assert.True(t, ok) {
					return
				}
				mu.Lock()
				used[a.Key.Secret()]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	want := walkers * each / keys
	assert.Equal(t, map[string]int{"k0": want, "k2": want, "k3": want}, used)
}

// A use by another request lands between a walk's look at the keys and its choice: it
// looks again, and does not give out the same key a second time.
func TestRoundRobinLooksAgainWhenAnotherWasFaster(t *testing.T) {
	pool, clock := poolOf(t, 3, keypool.RoundRobin)
	all, _ := attempts(pool)
	all[0].Cool(clock.Now(), time.Minute, 429)
	ctx := t.Context()
	trap := clock.Trap().Now("keypool", "next")
	defer trap.Close()
	chosen := make(chan string)
	for range 2 {
		go func() {
			a, _ := pool.Walk().Next()
			chosen <- a.Key.Secret()
		}()
	}
	calls := []*quartz.Call{trap.MustWait(ctx), trap.MustWait(ctx)} // both stand before k0, which may be back
	calls[0].MustRelease(ctx)
	first := <-chosen
	calls[1].MustRelease(ctx)
	assert.Equal(t, []string{"k1", "k2"}, []string{first, <-chosen})
}

func TestLeastRecentlyLimited(t *testing.T) {
	pool, clock := poolOf(t, 3, keypool.LeastRecentlyLimited)
	all, _ := attempts(pool)
	start := clock.Now()
	all[1].Cool(start, time.Second, 429)
	assert.Equal(t, "k0 k0", firsts(t, pool, 2), "the first that was never limited")
	all[0].Cool(start.Add(1), time.Second, 401)
	assert.Equal(t, "k2 k2", firsts(t, pool, 2), "no other is left")
	clock.Advance(5 * time.Second)
	assert.Equal(t, "k2 k2", firsts(t, pool, 2), "k0 and k1 are back, and were limited")
	all[2].Cool(clock.Now(), time.Second, 429)
	clock.Advance(time.Second)
	assert.Equal(t, "k1 k1", firsts(t, pool, 2), "limited the longest ago")
	all[1].Cool(start, 2*time.Second, 429)
	assert.Equal(t, "k1", firsts(t, pool, 1), "the instant of the answer counts, not that of the mark")
	all[1].Cool(clock.Now(), time.Second, 429)
	assert.Equal(t, "k0", firsts(t, pool, 1))
	all[0].Cool(clock.Now(), time.Hour, 429)
	all[1].Cool(clock.Now(), time.Hour, 429)
	pool.Keys()[1].Enable()
	assert.Equal(t, "k1", firsts(t, pool, 1), "a healed key was never limited")
}

// The memory is the keys', not the pool's.
func TestLeastRecentlyLimitedGoesWithTheKeys(t *testing.T) {
	old, clock := poolOf(t, 2, keypool.LeastRecentlyLimited)
	attempt(t, old, 0).Cool(clock.Now(), time.Second, 429)
	clock.Advance(time.Second)
	attempt(t, old, 1).Cool(clock.Now(), time.Second, 429)
	clock.Advance(time.Second)
	next, err := keypool.NewOf([]*keypool.Key{old.Keys()[1], old.Keys()[0]}, clock, keypool.LeastRecentlyLimited)
	require.NoError(t, err)
	assert.Equal(t, "k0 k0", firsts(t, next, 2))
}

// Looking whether the body is worth reading takes no turn.
func TestBufferedRequestTakesOneTurn(t *testing.T) {
	pool, _ := poolOf(t, 2, keypool.RoundRobin)
	up := &upstream{}
	rt := keypool.NewTransport(pool, up, keypool.Config{})
	for range 4 {
		req, _ := post(t, "hello")
		resp, _ := roundTrip(t, rt, req)
		assert.Equal(t, http.StatusOK, resp.StatusCode)
	}
	assert.Equal(t, "k0 k1 k0 k1", up.keys())
}

func TestNextAllocatesNothing(t *testing.T) {
	for _, s := range everyStrategy {
		for _, aside := range []int{0, 1, 3} {
			pool, err := keypool.NewOf(benchPool(t, 3).Keys(), quartz.NewReal(), s)
			require.NoError(t, err)
			setAside(pool, aside)
			assert.Zero(t, testing.AllocsPerRun(100, func() { pool.Walk().Next() }), "%v, %d keys cool", s, aside)
		}
	}
}

func BenchmarkStrategyNext(b *testing.B) {
	for _, s := range everyStrategy {
		for _, aside := range []int{0, 1} {
			b.Run(s.String()+map[int]string{0: "/healthy", 1: "/first-cooling"}[aside], func(b *testing.B) {
				pool, err := keypool.NewOf(benchPool(b, 5).Keys(), quartz.NewReal(), s)
				require.NoError(b, err)
				setAside(pool, aside)
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						pool.Walk().Next()
					}
				})
			})
		}
	}
}
