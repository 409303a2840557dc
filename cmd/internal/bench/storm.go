package bench

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// storm edits providers and reloads, at a constant rate, until it is stopped. Now and then
// the source is slow or fails, or three reloads are asked for at once.
type storm struct {
	gateway *gateway
	book    *book
	rate    int
	stop    chan struct{}
	done    chan struct{}

	at         []time.Time
	read, took []time.Duration
	failed     int
	fault      error
}

// Of every ten reloads one is asked for three times at once, one has a slow source, and
// one a source that fails.
const (
	overlapping = 3
	slowSource  = 5
	failing     = 8
)

func startStorm(g *gateway, b *book, rate int) *storm {
	s := &storm{gateway: g, book: b, rate: rate, stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		s.run()
	}()
	return s
}

func (s *storm) run() {
	ticker := time.NewTicker(time.Second / time.Duration(s.rate))
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ticker.C:
			s.one(n % 10)
		case <-s.stop:
			return
		}
	}
}

// one edits and reloads. The epoch begins when the first reload has returned.
func (s *storm) one(turn int) {
	var slow time.Duration
	if turn == slowSource {
		slow = time.Second / time.Duration(2*s.rate)
	}
	if turn != failing {
		s.book.edit()
	}
	s.gateway.source.set(s.book.rows, slow, turn == failing)
	s.at = append(s.at, time.Now())
	times := 1
	if turn == overlapping {
		times = 3
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	for range times {
		all.Go(func() {
			read, took, err := s.gateway.reload(context.Background())
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				s.read, s.took = append(s.read, read), append(s.took, took)
			case errors.Is(err, errSource) && turn == failing:
				s.failed++
			default:
				s.fault = err
			}
		})
	}
	all.Wait()
	if turn != failing {
		s.book.ledger.epoch.Add(1)
	}
}

// end stops the storm and reports on it.
func (s *storm) end(began time.Time) (Reloads, error) {
	close(s.stop)
	<-s.done
	r := Reloads{Done: len(s.took), Failed: s.failed, P50: median(s.took), ReadP50: median(s.read)}
	if len(s.took) > 0 {
		r.Max, r.ReadMax = micros(slices.Max(s.took)), micros(slices.Max(s.read))
	}
	for _, at := range s.at {
		r.At = append(r.At, at.Sub(began).Seconds())
	}
	return r, s.fault
}

func median(d []time.Duration) float64 {
	if len(d) == 0 {
		return 0
	}
	d = slices.Sorted(slices.Values(d))
	return micros(d[len(d)/2])
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
