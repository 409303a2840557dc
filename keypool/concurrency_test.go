package keypool_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/keypool"
)

// parallel runs f in n goroutines and waits for them.
func parallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	wg.Wait()
}

func TestConcurrentMarksLeaveTheLatestDeadline(t *testing.T) {
	for range 200 {
		pool, clock := newPool(t, 1)
		now := clock.Now()
		a := attempt(t, pool, 0)
		parallel(8, func(i int) { a.Cool(now, time.Duration(1+(i*5)%8)*time.Second, 400+(i*5)%8) })
		require.Equal(t, keypool.KeyState{Hint: "#1", State: keypool.Cooling, Reason: 407, Until: now.Add(8 * time.Second)}, pool.States()[0])
	}
}

// In one window one of many equal marks changes something, so their sum is exact.
func TestConcurrentEqualMarksCountOnce(t *testing.T) {
	for range 200 {
		pool, clock := newPool(t, 1)
		now := clock.Now()
		a := attempt(t, pool, 0)
		var cooled, disabled atomic.Int64
		parallel(8, func(int) {
			if a.Cool(now, time.Second, 429) {
				cooled.Add(1)
			}
		})
		parallel(8, func(int) {
			if a.Disable(401) {
				disabled.Add(1)
			}
		})
		require.EqualValues(t, 1, cooled.Load())
		require.EqualValues(t, 1, disabled.Load())
	}
}

// A refusal that races with its key's leaving comes before it, and is cleared, or
// after it, and is dropped. It never stays.
func TestRefusalRacesWithLeaving(t *testing.T) {
	for i := range 2000 {
		pool, _ := newPool(t, 1)
		key, a := pool.Keys()[0], attempt(t, pool, 0)
		parallel(2, func(g int) {
			if g == 0 {
				a.Disable(401)
				return
			}
			if i%2 == 0 {
				key.Leave()
			} else {
				pool.Leave(0)
			}
			key.ClearDisabled()
		})
		require.Equal(t, keypool.Available, pool.States()[0].State)
	}
}

// Many requests on one pool, while operators heal and reloads come and go: no
// request uses a key twice, and the counts add up exactly.
func TestConcurrentRequests(t *testing.T) {
	const clients, each = 16, 60
	pool, err := keypool.New(secrets(5), quartz.NewReal())
	require.NoError(t, err)
	up := &busyUpstream{used: make([]map[string]int, clients*each)}
	var failovers, untried atomic.Int64
	rt := keypool.NewTransport(pool, up, keypool.Config{
		OnFailover: func(string) { failovers.Add(1) },
		OnExhausted: func(e keypool.Exhaustion) {
			if e.Tried == 0 {
				untried.Add(1)
			}
		},
	})
	stop := make(chan struct{})
	var operator sync.WaitGroup
	operator.Go(func() { operate(t, pool, stop) })
	parallel(clients, func(c int) {
		for n := range each {
			number := c*each + n
			up.used[number] = map[string]int{}
			req, _ := post(t, "hello", "X-Number", fmt.Sprint(number))
			resp, err := rt.RoundTrip(req)
			if assert.NoError(t, err) {
				assert.Contains(t, []int{200, 429, 502}, resp.StatusCode)
			}
		}
	})
	close(stop)
	operator.Wait()
	for number, keys := range up.used {
		for key, times := range keys {
			require.Equal(t, 1, times, "request %d, %s", number, key)
		}
	}
	assert.EqualValues(t, clients*each-untried.Load()+failovers.Load(), up.served.Load(), "sent = walks + failovers")
}

// busyUpstream answers in turn with a limit, a refusal and 200, and counts the
// keys of each request.
type busyUpstream struct {
	served atomic.Int64
	used   []map[string]int // by request; each request writes only its own
}

func (u *busyUpstream) RoundTrip(req *http.Request) (*http.Response, error) {
	var number int
	if _, err := fmt.Sscan(req.Header.Get("X-Number"), &number); err != nil {
		return nil, err
	}
	u.used[number][keyOf(req.Header)]++
	resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}
	switch u.served.Add(1) % 3 {
	case 0:
		resp.StatusCode = 429
		resp.Header.Set("Retry-After-Ms", "0.001")
	case 1:
		resp.StatusCode = 401
	}
	return resp, nil
}

// operate does to the keys what operators, scrapes and reloads do, until stop.
func operate(t *testing.T, pool *keypool.Pool, stop <-chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		key := pool.Keys()[i%5]
		switch i % 4 {
		case 0:
			key.Enable()
		case 1:
			key.Leave()
			key.ClearDisabled()
		case 2:
			pool.States()
		default:
			_, err := keypool.NewOf(pool.Keys(), nil, keypool.Primary)
			assert.NoError(t, err)
		}
	}
}

// In a bubble time is virtual and a goroutine or timer that stays is a failure.
func TestPoolInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool, err := keypool.New(secrets(2), quartz.NewReal())
		require.NoError(t, err)
		stalled := make(chan struct{})
		b := &stallingBody{closed: stalled}
		up := &upstream{answers: map[string][]answer{"k1": {limited("9.25")}}}
		rt := keypool.NewTransport(pool, roundTripper(func(req *http.Request) (*http.Response, error) {
			if keyOf(req.Header) == "k0" && b != nil {
				defer func() { b = nil }()
				return &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {"3"}}, Body: b, ContentLength: -1}, nil
			}
			return up.RoundTrip(req)
		}), keypool.Config{})
		start := time.Now()
		req, _ := post(t, "")
		resp, _ := roundTrip(t, rt, req)
		assert.Equal(t, 429, resp.StatusCode)
		assert.Equal(t, 500*time.Millisecond, time.Since(start), "the stalled body of the first answer")
		assert.Equal(t, "3", resp.Header.Get("Retry-After"), "2.5 s, rounded up")
		<-time.After(2500*time.Millisecond - 1)
		resp, _ = roundTrip(t, rt, req)
		assert.Equal(t, 429, resp.StatusCode)
		<-time.After(1)
		resp, _ = roundTrip(t, rt, req)
		assert.Equal(t, 200, resp.StatusCode)
	})
}

// stallingBody has nothing to read until it is closed.
type stallingBody struct {
	once   sync.Once
	closed chan struct{}
}

func (b *stallingBody) Read([]byte) (int, error) {
	<-b.closed
	return 0, http.ErrBodyReadAfterClose
}

func (b *stallingBody) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}
