package fakeupstream

import "time"

// playedLimit is a limit of a script, and what it has counted. The upstream's lock guards it.
type playedLimit struct {
	Limit
	text   string // its rule
	rates  []rate
	meters map[string]*meter // by subject
}

// meter is what one subject has used of a limit.
type meter struct {
	of       *playedLimit
	buckets  []bucket // one for each rate
	underWay int
}

func playLimit(l Limit, text string) *playedLimit {
	return &playedLimit{Limit: l, text: text, rates: l.rates(), meters: map[string]*meter{}}
}

// meter returns the meter that a request is on.
func (p *playedLimit) meter(a *asking) *meter {
	subject := p.subject(a)
	m := p.meters[subject]
	if m == nil {
		m = &meter{of: p, buckets: make([]bucket, len(p.rates))}
		p.meters[subject] = m
	}
	return m
}

// denial is why a request does not pass. The zero value: it does.
type denial struct {
	by        *playedLimit
	rate      *rate         // nil: too many are under way, or it is no limit of an amount
	wait      time.Duration // never: waiting does not help
	left      int64
	requested int64
}

// check tells whether the limit refuses a request. It takes nothing.
func (m *meter) check(a *asking) (why denial) {
	switch p := m.of; p.Kind {
	case LimitRevoked:
		if a.now.Sub(a.began) >= p.At {
			return denial{by: p, wait: never}
		}
		return denial{}
	case LimitWindow:
		if since := a.now.Sub(a.began); since >= p.From && since < p.To {
			return denial{by: p, wait: p.To - since}
		}
		return denial{}
	}
	needs := a.needs()
	for i := range m.buckets {
		b, r := &m.buckets[i], &m.of.rates[i]
		b.refill(r, a.now)
		n := needs[r.counts]
		if wait := b.wait(r, n, a.now); wait > why.wait {
			why = denial{by: m.of, rate: r, wait: wait, left: b.remaining(r), requested: n}
		}
	}
	if m.of.Concurrent > 0 && m.underWay >= m.of.Concurrent && why.by == nil {
		return denial{by: m.of}
	}
	return why
}

// take counts a request that has passed.
func (m *meter) take(c cost) {
	for i := range m.buckets {
		r := &m.of.rates[i]
		m.buckets[i].take(r, c[r.counts])
	}
	if m.of.Concurrent > 0 {
		m.underWay++
	}
}

// reading is what a header tells of a limit.
type reading struct {
	known     bool
	limit     int64
	remaining int64
	full      time.Time // when nothing is missing
}

// readings are what the headers tell, by what is counted; of several limits the one that has least left.
type readings struct {
	of      [countedKinds]reading
	refused bool
}

// read notes what the meter has left.
func (m *meter) read(rs *readings, now time.Time) {
	for i := range m.buckets {
		b, r := &m.buckets[i], &m.of.rates[i]
		if r.forever {
			continue // no header tells of an account
		}
		counts := r.counts
		if counts == countsUsage {
			counts = countsTokens
		}
		b.refill(r, now)
		one := reading{true, r.limit, b.remaining(r), now.Add(b.untilFull(r, now))}
		rs.of[counts].tighten(one)
		if counts != countsRequests { // the headers of tokens tell of whichever kind of token is the shortest
			rs.of[countsTokens].tighten(one)
		}
	}
}

func (r *reading) tighten(other reading) {
	if !r.known || other.remaining < r.remaining {
		*r = other
	}
}
