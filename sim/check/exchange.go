package check

import (
	"slices"
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

// exchange is one request of a client with all that belongs to it. Checks share
// exchanges and do not write to them.
type exchange struct {
	step     int
	sent     trace.RequestSent
	at       time.Duration
	attempts []attempt
	got      *trace.ClientGot
	gotAt    time.Duration
	left     bool // the client went away before the end
	leftAt   time.Duration
	began    bool // the head of its answer has come
	beganAt  time.Duration
}

// attempt is one try at an upstream, and when that decided its answer.
type attempt struct {
	trace.UpstreamGot
	at      time.Duration
	ended   trace.UpstreamEnded
	endedAt time.Duration
}

// ended adds to an attempt how its answer ended: one whose head was never sent has
// no status.
func (x *exchange) ended(f trace.UpstreamEnded, at time.Duration) {
	for i := range x.attempts {
		a := &x.attempts[i]
		if a.Host == f.Host && a.Attempt == f.Attempt {
			a.ended, a.endedAt = f, at
			a.Status = f.Status
		}
	}
}

// decided is when the gateway can first have known that no key is left: it said so
// between then and when the client had its answer.
func (x *exchange) decided() time.Duration {
	last := x.at
	for _, a := range x.attempts {
		last = max(last, a.at)
	}
	return last
}

func (r *Run) readExchanges() []*exchange {
	var list []*exchange
	byID := map[string]*exchange{}
	for _, o := range r.Observations {
		if f, ok := o.Fact.(trace.RequestSent); ok {
			x := &exchange{step: o.Step, sent: f, at: o.At}
			byID[f.ID] = x
			list = append(list, x)
		}
	}
	for _, o := range r.Observations {
		switch f := o.Fact.(type) {
		case trace.UpstreamGot:
			if x := byID[f.Request]; x != nil {
				x.attempts = append(x.attempts, attempt{UpstreamGot: f, at: o.At})
			}
		case trace.UpstreamEnded:
			if x := byID[f.Request]; x != nil {
				x.ended(f, o.At)
			}
		case trace.ClientBegan:
			if x := byID[f.ID]; x != nil {
				x.began, x.beganAt = true, o.At
			}
		case trace.ClientLeft:
			if x := byID[f.ID]; x != nil {
				x.left, x.leftAt = true, o.At
			}
		case trace.ClientGot:
			if x := byID[f.ID]; x != nil {
				x.got, x.gotAt = &f, o.At
			}
		}
	}
	slices.SortStableFunc(list, func(a, b *exchange) int { return int(a.at - b.at) })
	return list
}
