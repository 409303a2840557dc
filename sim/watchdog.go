package sim

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gatedrill/gatedrill/sim/check"
)

// watchdogInterval lies between two looks, in real time: the bubble cannot wait
// longer than this without anybody noticing.
const watchdogInterval = 2 * time.Second

// watchdog notices from outside a bubble that time stands still in it: a
// goroutine that waits for a mutex (or for the real world) is not durably
// blocked, so virtual time cannot move on, and no timer of the bubble would ever
// fire to say so.
type watchdog struct {
	stop  chan struct{}
	ended chan struct{}

	mu     sync.Mutex // held while onStuck is called: what looks away then has to wait
	bubble string     // "" until there is one
	away   bool       // the harness is at work itself, for as long as it takes
	before string     // what the last look saw; "": something moved, or nobody looked
}

// watch starts looking at the bubble that guard names; onStuck is called at most once, from
// the watchdog's own goroutine, with what was found.
func watch(onStuck func(check.Finding)) *watchdog {
	w := &watchdog{stop: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		tick := time.NewTicker(watchdogInterval)
		defer tick.Stop()
		for {
			select {
			case <-w.stop:
				return
			case <-tick.C:
			}
			if w.look(onStuck) {
				return
			}
		}
	}()
	return w
}

// look compares the bubble with what it was at the last look, and tells onStuck when nothing
// has moved.
func (w *watchdog) look(onStuck func(check.Finding)) (stuck bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.bubble == "" || w.away {
		return false
	}
	all := goroutinesOf(w.bubble)
	now := fingerprint(all)
	if now != "" && now == w.before {
		onStuck(stuckBecause(all))
		return true
	}
	w.before = now
	return false
}

// guard says which bubble it is.
func (w *watchdog) guard(bubble string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bubble = bubble
}

// lookAway has nobody look while f is under way: the world is at rest, and the harness writes
// down what it saw and judges it. That takes seconds after a day of virtual time, much of it
// in the garbage collector's hands, and says nothing about the gateway.
func (w *watchdog) lookAway(f func()) {
	w.set(true)
	defer w.set(false)
	f()
}

func (w *watchdog) set(away bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.away, w.before = away, ""
}

func (w *watchdog) end() {
	close(w.stop)
	<-w.ended
}

// fingerprint is the same for two looks between which nothing moved, and empty
// when anything was running, or waited for the garbage collector alone.
func fingerprint(all []goroutine) string {
	var b strings.Builder
	for _, g := range all {
		switch g.state {
		case "running", "runnable", "copystack", "preempted",
			"GC assist marking", "GC assist wait", "GC sweep wait", "GC weak to strong wait", "wait for GC cycle",
			"garbage collection", "garbage collection scan", "GC mark termination", "stopping the world", "flushing proc caches":
			return ""
		}
		fmt.Fprintf(&b, "%s %s\n%s\n", g.id, g.state, g.stack)
	}
	return b.String()
}

// stuckBecause names the goroutine that keeps time from moving.
func stuckBecause(all []goroutine) check.Finding {
	for _, g := range all {
		if strings.Contains(g.state, "Mutex") || g.state == "semacquire" {
			return check.Finding{Check: check.NoLockAcrossIO, Text: fmt.Sprintf(
				"a lock was held across I/O: time stands still, since %s waits for a mutex whose holder waits for the network", g)}
		}
	}
	for _, g := range all {
		switch g.state {
		case "IO wait", "syscall":
			return check.Finding{Check: check.StaysVirtual, Text: fmt.Sprintf("the gateway left the virtual world: %s waits for something real", g)}
		}
	}
	return check.Finding{Check: check.NoDeadlock, Text: "nothing moves, and no goroutine says why"}
}
