package sim

import (
	"fmt"
	"strings"
	"sync/atomic"
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
	bubble atomic.Value // string, once the bubble exists
	stop   chan struct{}
	ended  chan struct{}
}

// watch starts looking; onStuck is called at most once, from the watchdog's own
// goroutine, with what was found.
func watch(onStuck func(check.Finding)) *watchdog {
	w := &watchdog{stop: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		tick := time.NewTicker(watchdogInterval)
		defer tick.Stop()
		before := ""
		for {
			select {
			case <-w.stop:
				return
			case <-tick.C:
			}
			bubble, _ := w.bubble.Load().(string)
			if bubble == "" {
				continue
			}
			all := goroutinesOf(bubble)
			now := fingerprint(all)
			if now != "" && now == before {
				onStuck(stuckBecause(all))
				return
			}
			before = now
		}
	}()
	return w
}

func (w *watchdog) end() {
	close(w.stop)
	<-w.ended
}

// fingerprint is the same for two looks between which nothing moved, and empty
// when anything was running.
func fingerprint(all []goroutine) string {
	var b strings.Builder
	for _, g := range all {
		switch g.state {
		case "running", "runnable", "copystack", "preempted":
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
