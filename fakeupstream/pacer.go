package fakeupstream

import (
	"time"

	"github.com/coder/quartz"
)

// pacer keeps a stream to its schedule: each pause counts from when what came before was due and not from when it was
// out, so that delays do not add up. What is late is sent at once. A model goes on speaking, too, while the network or
// a reader lags. What the
// script itself holds up, a hold or a stall, begins the schedule anew.
type pacer struct {
	clock quartz.Clock
	due   time.Time // of what was sent last; zero: nothing has been waited for
}

// wait waits for the instant that lies d behind the one before, and returns false when gone is closed first.
func (p *pacer) wait(gone <-chan struct{}, d time.Duration) bool {
	if d <= 0 {
		select {
		case <-gone:
			return false
		default:
			return true
		}
	}
	now := p.clock.Now("fakeupstream", "pace")
	if p.due.IsZero() {
		p.due = now
	}
	p.due = p.due.Add(d)
	left := p.due.Sub(now)
	if left <= 0 {
		return p.wait(gone, 0)
	}
	timer := p.clock.NewTimer(left, "fakeupstream", "pause")
	defer timer.Stop()
	select {
	case <-gone:
		return false
	case <-timer.C:
		return true
	}
}

// begin has the schedule begin now.
func (p *pacer) begin() { p.due = p.clock.Now("fakeupstream", "pace") }
