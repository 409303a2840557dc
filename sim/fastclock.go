package sim

import (
	"context"
	"time"

	"github.com/coder/quartz"
)

// fastClock is the real clock, so many times as fast. A timer that is reset later takes its
// new time at the clock's own pace: whoever needs another one makes it.
type fastClock struct {
	real  quartz.Clock
	speed float64
	began time.Time
}

func newFastClock(speed float64) quartz.Clock {
	real := quartz.NewReal()
	return &fastClock{real: real, speed: speed, began: real.Now()}
}

// short is a span of the clock's as one of real time.
func (c *fastClock) short(d time.Duration) time.Duration {
	if short := time.Duration(float64(d) / c.speed); short > 0 || d <= 0 {
		return short
	}
	return 1 // tickers want more than nothing
}

// Now implements quartz.Clock.
func (c *fastClock) Now(tags ...string) time.Time {
	return c.began.Add(time.Duration(float64(c.real.Since(c.began, tags...)) * c.speed))
}

// Since implements quartz.Clock.
func (c *fastClock) Since(t time.Time, tags ...string) time.Duration { return c.Now(tags...).Sub(t) }

// Until implements quartz.Clock.
func (c *fastClock) Until(t time.Time, tags ...string) time.Duration { return t.Sub(c.Now(tags...)) }

// NewTimer implements quartz.Clock.
func (c *fastClock) NewTimer(d time.Duration, tags ...string) *quartz.Timer {
	return c.real.NewTimer(c.short(d), tags...)
}

// AfterFunc implements quartz.Clock.
func (c *fastClock) AfterFunc(d time.Duration, f func(), tags ...string) *quartz.Timer {
	return c.real.AfterFunc(c.short(d), f, tags...)
}

// NewTicker implements quartz.Clock.
func (c *fastClock) NewTicker(d time.Duration, tags ...string) *quartz.Ticker {
	return c.real.NewTicker(c.short(d), tags...)
}

// TickerFunc implements quartz.Clock.
func (c *fastClock) TickerFunc(ctx context.Context, d time.Duration, f func() error, tags ...string) quartz.Waiter {
	return c.real.TickerFunc(ctx, c.short(d), f, tags...)
}
