package fakeupstream

import (
	"math"
	"time"
)

// bucket is what a counter has left. A token bucket fills evenly, limit units in each period, up to burst units; a day's
// counter is full again at midnight UTC; a total never is. The zero bucket is full.
//
// All of it is whole numbers, so that no instant is ever off by a rounding: what a token bucket misses is counted in
// units times nanoseconds, of which limit come back in each nanosecond.
type bucket struct {
	missing int64 // token buckets: until it is full, in units times nanoseconds of the period
	used    int64 // days and totals: in units
	day     int64 // of used, since 1970
	at      time.Time
}

// rate is how a bucket fills.
type rate struct {
	counts  counted
	limit   int64         // units in each period
	burst   int64         // units that it holds
	per     time.Duration // a period; 0: a day, or for ever
	forever bool
	name    string // as OpenAI names it: "requests per min (RPM)"
}

// maxRate keeps burst times a minute within 63 bits.
const maxRate = 150_000_000

// never is a wait that does not end.
const never = time.Duration(math.MaxInt64)

const secondsOfDay = 24 * 60 * 60

// refill brings the bucket up to now. Time that goes backwards stands still.
func (b *bucket) refill(r *rate, now time.Time) {
	if r.per == 0 {
		if day := now.Unix() / secondsOfDay; !r.forever && day > b.day {
			b.day, b.used = day, 0
		}
		return
	}
	if b.missing > 0 {
		switch elapsed := now.Sub(b.at); {
		case elapsed <= 0:
			return
		case elapsed >= b.untilFull(r, now):
			b.missing = 0
		default:
			b.missing -= int64(elapsed) * r.limit
		}
	}
	b.at = now
}

// remaining is how many whole units are left.
func (b *bucket) remaining(r *rate) int64 {
	if r.per == 0 {
		return max(r.limit-b.used, 0)
	}
	return max(r.burst*int64(r.per)-b.missing, 0) / int64(r.per)
}

// wait is how long it takes until n units are there; never: waiting does not help.
func (b *bucket) wait(r *rate, n int64, now time.Time) time.Duration {
	if r.per == 0 {
		switch {
		case n > r.limit, r.forever && n > r.limit-b.used:
			return never
		case n > r.limit-b.used:
			return untilMidnight(now)
		}
		return 0
	}
	if n > r.burst {
		return never
	}
	return ceilDiv(b.missing-(r.burst-n)*int64(r.per), r.limit)
}

// longest bounds a debt: nobody waits for longer, and no number overflows.
const longest = 1_000_000_000 * time.Second

// take takes n units, more than there are if need be.
func (b *bucket) take(r *rate, n int64) {
	if r.per == 0 {
		b.used += min(n, math.MaxInt64-b.used)
		return
	}
	most := int64(math.MaxInt64)
	if r.limit < most/int64(longest) {
		most = max(r.limit*int64(longest), r.burst*int64(r.per))
	}
	if n > (most-b.missing)/int64(r.per) {
		b.missing = most
		return
	}
	b.missing += n * int64(r.per)
}

// untilFull is how long it takes until nothing is missing.
func (b *bucket) untilFull(r *rate, now time.Time) time.Duration {
	switch {
	case r.per > 0:
		return ceilDiv(b.missing, r.limit)
	case b.used == 0:
		return 0
	case r.forever:
		return never
	}
	return untilMidnight(now)
}

func untilMidnight(now time.Time) time.Duration {
	midnight := time.Unix((now.Unix()/secondsOfDay+1)*secondsOfDay, 0)
	return midnight.Sub(now)
}

// ceilDiv is a/b rounded up, and 0 for what is negative.
func ceilDiv(a, b int64) time.Duration {
	if a <= 0 {
		return 0
	}
	return time.Duration((a-1)/b + 1)
}
