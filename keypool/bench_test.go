package keypool_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/keypool"
)

func benchPool(b testing.TB, n int) *keypool.Pool {
	b.Helper()
	pool, err := keypool.New(secrets(n), quartz.NewReal())
	require.NoError(b, err)
	return pool
}

// setAside cools the first m keys of a pool.
func setAside(pool *keypool.Pool, m int) {
	all, _ := attempts(pool)
	for _, a := range all[:m] {
		a.Cool(time.Now(), time.Hour, 429)
	}
}

func BenchmarkWalkerNext(b *testing.B) {
	for _, bb := range []struct {
		name        string
		keys, aside int
	}{
		{"healthy/1", 1, 0}, {"healthy/5", 5, 0}, {"healthy/100", 100, 0},
		{"first-cooling/5", 5, 1}, {"only-last/5", 5, 4}, {"only-last/100", 100, 99}, {"exhausted/5", 5, 5}, {"exhausted/100", 100, 100},
	} {
		b.Run(bb.name, func(b *testing.B) {
			pool := benchPool(b, bb.keys)
			setAside(pool, bb.aside)
			b.ReportAllocs()
			for b.Loop() {
				pool.Walk().Next()
			}
		})
	}
}

// A walk that tries every key, as when all are refused one after the other.
func BenchmarkWalkWhole(b *testing.B) {
	for _, n := range []int{1, 5, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			pool := benchPool(b, n)
			b.ReportAllocs()
			for b.Loop() {
				walk := pool.Walk()
				for _, ok := walk.Next(); ok; _, ok = walk.Next() {
				}
			}
		})
	}
}

func TestHealthyPathDoesNotAllocate(t *testing.T) {
	for _, n := range []int{1, 5, 100, 1000} {
		pool := benchPool(t, n)
		next := func() {
			if _, ok := pool.Walk().Next(); !ok {
				t.Error("no key")
			}
		}
		require.Zero(t, testing.AllocsPerRun(100, next), "%d healthy keys", n)
		setAside(pool, min(n/2, 127))
		require.Zero(t, testing.AllocsPerRun(100, next), "%d keys, up to 127 of them cooling", n)
	}
}

func BenchmarkMark(b *testing.B) {
	b.Run("cool-changes", func(b *testing.B) {
		pool := benchPool(b, 1)
		a, _ := pool.Walk().Next()
		now := time.Now()
		b.ReportAllocs()
		for b.Loop() {
			now = now.Add(1)
			a.Cool(now, time.Hour, 429)
		}
	})
	b.Run("cool-dominated", func(b *testing.B) {
		pool := benchPool(b, 1)
		a, _ := pool.Walk().Next()
		now := time.Now()
		a.Cool(now, 2*time.Hour, 429)
		b.ReportAllocs()
		for b.Loop() {
			a.Cool(now, time.Hour, 429)
		}
	})
	b.Run("disable-and-enable", func(b *testing.B) {
		pool := benchPool(b, 1)
		a, _ := pool.Walk().Next()
		b.ReportAllocs()
		for b.Loop() {
			a.Disable(401)
			a.Key.Enable()
		}
	})
}

func BenchmarkRetryAfter(b *testing.B) {
	for _, bb := range []struct{ name, value string }{
		{"seconds", "20"}, {"decimals", "299.997"}, {"imf", "Thu, 29 Feb 2024 12:00:05 GMT"}, {"rfc850", "Thursday, 29-Feb-24 12:00:05 GMT"},
		{"asctime", "Thu Feb 29 12:00:05 2024"}, {"garbage", "soon"}, {"absent", ""}, {"huge", strings.Repeat("9", 1000)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			h := http.Header{retryAfter: {bb.value}}
			b.ReportAllocs()
			for b.Loop() {
				keypool.RetryAfter(h, noon)
			}
		})
	}
}

// lockedPool is what a pool would be with an RWMutex on every read, the obvious
// alternative: kept here to measure what it would cost.
type lockedPool struct {
	mu   sync.RWMutex
	keys []lockedKey
}

type lockedKey struct {
	secret   string
	disabled bool
	until    time.Time
}

func (p *lockedPool) next(now func() time.Time) (string, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for i := range p.keys {
		if k := &p.keys[i]; !k.disabled && (k.until.IsZero() || !now().Before(k.until)) {
			return k.secret, true
		}
	}
	return "", false
}

func (p *lockedPool) cool(i int, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.keys[i].until.Before(until) {
		p.keys[i].until = until
	}
}

// goroutines16 runs the body of a benchmark in 16 goroutines.
func goroutines16(b *testing.B, body func()) {
	b.SetParallelism(max(1, 16/runtime.GOMAXPROCS(0)))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			body()
		}
	})
}

func Benchmark16Goroutines(b *testing.B) {
	for _, aside := range []int{0, 1} {
		name := map[int]string{0: "healthy", 1: "first-cooling"}[aside]
		b.Run(name+"/pool", func(b *testing.B) {
			pool := benchPool(b, 5)
			setAside(pool, aside)
			goroutines16(b, func() { pool.Walk().Next() })
		})
		b.Run(name+"/rwmutex", func(b *testing.B) {
			pool := &lockedPool{keys: make([]lockedKey, 5)}
			for i := range aside {
				pool.cool(i, time.Now().Add(time.Hour))
			}
			goroutines16(b, func() { pool.next(time.Now) })
		})
	}
	b.Run("marks/pool", func(b *testing.B) { // one in 16 marks a key, all the others read
		pool := benchPool(b, 5)
		a, _ := pool.Walk().Next()
		start, n := time.Now(), 0
		var mu sync.Mutex
		marker := func() { // the next deadline
			mu.Lock()
			n++
			until := time.Duration(n)
			mu.Unlock()
			a.Cool(start, until, 429)
		}
		markOneIn16(b, func() { pool.Walk().Next() }, marker)
	})
	b.Run("marks/rwmutex", func(b *testing.B) {
		pool := &lockedPool{keys: make([]lockedKey, 5)}
		start, n := time.Now(), 0
		var mu sync.Mutex
		marker := func() {
			mu.Lock()
			n++
			until := start.Add(time.Duration(n))
			mu.Unlock()
			pool.cool(0, until)
		}
		markOneIn16(b, func() { pool.next(time.Now) }, marker)
	})
}

func markOneIn16(b *testing.B, read, mark func()) {
	b.SetParallelism(max(1, 16/runtime.GOMAXPROCS(0)))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if i%16 == 0 {
				mark()
			} else {
				read()
			}
		}
	})
}

// What the transport adds to a round trip that needs no failover, and to one that
// needs one.
func BenchmarkRoundTrip(b *testing.B) {
	header := http.Header{"Retry-After": {"0.000000001"}}
	inner := roundTripper(func(req *http.Request) (*http.Response, error) {
		if req.Header.Get("Authorization") == "Bearer k0" {
			return &http.Response{StatusCode: 429, Header: header, Body: http.NoBody}, nil
		}
		return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
	})
	for _, bb := range []struct {
		name string
		rt   http.RoundTripper
	}{
		{"bare", inner},
		{"healthy", keypool.NewTransport(mustPool(b, "k1", "k2"), inner, keypool.Config{})},
		{"failover", keypool.NewTransport(mustPool(b, "k0", "k1"), inner, keypool.Config{})},
	} {
		b.Run(bb.name, func(b *testing.B) {
			req, _ := post(b, "", "Content-Type", "application/json", "User-Agent", "bench", "Accept", "*/*")
			b.ReportAllocs()
			for b.Loop() {
				resp, err := bb.rt.RoundTrip(req)
				if err != nil || resp.StatusCode != 200 {
					b.Fatal(resp, err)
				}
			}
		})
	}
}

func mustPool(b testing.TB, secrets ...string) *keypool.Pool {
	b.Helper()
	pool, err := keypool.New(secrets, nil)
	require.NoError(b, err)
	return pool
}
