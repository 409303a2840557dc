package keypool_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/coder/quartz"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/keypool"
)

// Two requests learn of one key's limit at once. Both are held at the reading of
// the clock that belongs to their answer, and let go in either order, at different
// instants: the later deadline wins, whoever is last.
func TestTwoMarksOfOneKeyAtOnce(t *testing.T) {
	for _, tt := range []struct {
		name    string
		hints   [2]string
		order   [2]int
		between time.Duration
		until   time.Duration // since the start
		reason  int
	}{
		{"short, long", [2]string{"5", "10"}, [2]int{0, 1}, 0, 10 * time.Second, 403},
		{"long, short", [2]string{"5", "10"}, [2]int{1, 0}, 0, 10 * time.Second, 403},
		{"the short one is read so late that it ends later", [2]string{"5", "10"}, [2]int{1, 0}, 7 * time.Second, 12 * time.Second, 429},
		{"the long one is read late", [2]string{"5", "10"}, [2]int{0, 1}, 7 * time.Second, 17 * time.Second, 403},
		{"tie", [2]string{"5", "5"}, [2]int{0, 1}, 0, 5 * time.Second, 429},
		{"tie, the other way", [2]string{"5", "5"}, [2]int{1, 0}, 0, 5 * time.Second, 403},
		{"tie at different instants", [2]string{"5", "3"}, [2]int{0, 1}, 2 * time.Second, 5 * time.Second, 429},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			pool, clock := newPool(t, 2)
			start := clock.Now()
			trap := clock.Trap().Now("keypool", "answer")
			defer trap.Close()
			rule := keypool.Rule{Action: keypool.Cooldown}
			rt := keypool.NewTransport(pool, roundTripper(func(req *http.Request) (*http.Response, error) {
				resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}
				if keyOf(req.Header) == "k0" { // the request says how its answer is to be
					resp.StatusCode = map[string]int{"0": 429, "1": 403}[req.Header.Get("X-Number")]
					resp.Header.Set("Retry-After", req.Header.Get("X-Hint"))
				}
				return resp, nil
			}), keypool.Config{Policy: keypool.Policy{Status: map[int]keypool.Rule{429: rule, 403: rule}}})

			var calls [2]*quartz.Call
			var done [2]chan struct{}
			for i := range calls {
				done[i] = make(chan struct{})
				req, _ := post(t, "", "X-Number", string(rune('0'+i)), "X-Hint", tt.hints[i])
				go func() {
					defer close(done[i])
					resp, err := rt.RoundTrip(req)
					if assert.NoError(t, err) {
						assert.Equal(t, 200, resp.StatusCode)
					}
				}()
				calls[i] = trap.MustWait(ctx)
			}
			calls[tt.order[0]].MustRelease(ctx)
			<-done[tt.order[0]]
			clock.Advance(tt.between)
			calls[tt.order[1]].MustRelease(ctx)
			<-done[tt.order[1]]
			assert.Equal(t, keypool.KeyState{Hint: "#1", State: keypool.Cooling, Reason: tt.reason, Until: start.Add(tt.until)}, pool.States()[0])
		})
	}
}

// world is what a test does something to while code is held.
type world struct {
	clock *quartz.Mock
	pool  *keypool.Pool
	with  []keypool.Attempt // one of each key, begun before
}

func (w world) cool(i int, d time.Duration, status int) { w.with[i].Cool(w.clock.Now(), d, status) }

// marksDuringAWalk is what happens meanwhile, and where the walk then leads; the
// first of three keys cools for a minute.
var marksDuringAWalk = []struct {
	name  string
	meant func(w world)
	index int // -1: exhausted
	spent keypool.Exhaustion
}{
	{"nothing", func(world) {}, 1, keypool.Exhaustion{}},
	{"the next is limited", func(w world) { w.cool(1, time.Second, 429) }, 2, keypool.Exhaustion{}},
	{"the next is disabled", func(w world) { w.with[1].Disable(401) }, 2, keypool.Exhaustion{}},
	{"the first is healed", func(w world) { w.pool.Keys()[0].Enable() }, 0, keypool.Exhaustion{}},
	{"the first is healed, the others are disabled", func(w world) {
		w.pool.Keys()[0].Enable()
		w.with[1].Disable(401)
		w.with[2].Disable(401)
	}, 0, keypool.Exhaustion{}},
	{"the first's deadline passes", func(w world) { w.clock.Advance(time.Minute) }, 0, keypool.Exhaustion{}},
	{"the first's deadline nearly passes", func(w world) { w.clock.Advance(time.Minute - 1) }, 1, keypool.Exhaustion{}},
	{"the first's deadline is moved, then the old one passes", func(w world) {
		w.cool(0, time.Hour, 429)
		w.clock.Advance(time.Minute)
	}, 1, keypool.Exhaustion{}},
	{"all are limited", func(w world) {
		w.cool(1, 5*time.Second, 429)
		w.cool(2, 7*time.Second, 429)
		w.clock.Advance(time.Second)
	}, -1, keypool.Exhaustion{RateLimited: true, Wait: 4 * time.Second, Keys: 3}},
	{"all are disabled", func(w world) {
		for _, a := range w.with {
			a.Disable(401)
		}
	}, -1, keypool.Exhaustion{Keys: 3}},
}

// A walk is held at its reading of the clock while something happens to the keys:
// what it returns is right for the states and the instant after that.
func TestMarkDuringAWalk(t *testing.T) {
	for _, tt := range marksDuringAWalk {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			pool, clock := newPool(t, 3)
			with, _ := attempts(pool)
			w := world{clock, pool, with}
			w.cool(0, time.Minute, 429)
			trap := clock.Trap().Now("keypool", "next")
			defer trap.Close()
			type step struct {
				attempt keypool.Attempt
				ok      bool
				spent   keypool.Exhaustion
			}
			done := make(chan step)
			go func() {
				walk := pool.Walk()
				a, ok := walk.Next()
				done <- step{a, ok, walk.Exhausted()}
			}()
			call := trap.MustWait(ctx)
			tt.meant(w)
			call.MustRelease(ctx)
			got := <-done
			assert.Equal(t, tt.spent, got.spent)
			require.Equal(t, tt.index >= 0, got.ok)
			if got.ok {
				assert.Equal(t, tt.index, got.attempt.Index)
			}
		})
	}
}

// A refusal arrives after its key left: the key is not disabled, and the request
// moves on all the same.
func TestRefusalAfterTheKeyLeft(t *testing.T) {
	for _, leave := range []struct {
		name string
		f    func(*keypool.Pool)
		want string
	}{
		{"key", func(p *keypool.Pool) { p.Keys()[0].Leave() }, "k0 k1 k2"},
		{"pool", func(p *keypool.Pool) { p.Leave(0) }, "k0 k1 k2"},
		{"not at all", func(*keypool.Pool) {}, "k1 k2"},
	} {
		t.Run(leave.name, func(t *testing.T) {
			pool, _ := newPool(t, 3)
			up := &upstream{answers: map[string][]answer{"k0": {{status: 401, do: func(*http.Request) {
				leave.f(pool)
				pool.Keys()[0].ClearDisabled()
			}}}}}
			req, _ := post(t, "")
			resp, _ := roundTrip(t, keypool.NewTransport(pool, up, keypool.Config{}), req)
			assert.Equal(t, 200, resp.StatusCode)
			assert.Equal(t, "k0 k1", up.keys())
			assert.Equal(t, leave.want, offered(pool))
		})
	}
}

// The answer's one reading of the clock serves the mark and the date in it. A
// refusal has no date and needs none.
func TestOneClockReadingPerAnswer(t *testing.T) {
	for _, tt := range []struct {
		name     string
		answers  map[string][]answer
		readings int64
	}{
		{"limits", map[string][]answer{"k0": {limited("Mon, 01 Jan 2024 00:00:05 GMT")}, "k1": {limited("7")}}, 3},
		{"refusals", map[string][]answer{"k0": {status(401)}, "k1": {status(403)}}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pool, clock := newPool(t, 2)
			counted := &countingClock{Clock: clock}
			pool, err := keypool.NewOf(pool.Keys(), counted, keypool.Primary)
			require.NoError(t, err)
			req, _ := post(t, "")
			resp, _ := roundTrip(t, keypool.NewTransport(pool, &upstream{answers: tt.answers}, keypool.Config{}), req)
			require.NotEqual(t, 200, resp.StatusCode)
			assert.Equal(t, tt.readings, counted.readings.Load(), "one for each limit, one for the exhaustion")
		})
	}
}
