package sim_test

import (
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/sim"
	"github.com/gatedrill/gatedrill/sim/check"
)

// What stands still is a finding while the world is under way, and none while the harness
// itself is at work, which may take as long as it takes.
func TestWatchdogLooksAwayWhileTheHarnessWorks(t *testing.T) {
	var dog sim.Watchdog
	parked, release, done := make(chan string), make(chan struct{}), make(chan struct{})
	look := func() bool {
		runtime.Gosched()
		return dog.Look(func(f check.Finding) { assert.Equal(t, check.NoDeadlock, f.Check) })
	}
	go func() {
		defer close(done)
		dog.Guard(<-parked)
		for !look() { // it may still be on its way to where it waits
		}
		release <- struct{}{}
		<-parked
		for range 200 {
			assert.False(t, look(), "the harness is at work")
		}
		release <- struct{}{}
		<-parked
		assert.False(t, look(), "the first look afterwards has nothing to compare with")
		for !look() {
		}
		release <- struct{}{}
	}()
	wait := func() {
		parked <- sim.BubbleID()
		<-release
	}
	synctest.Test(t, func(*testing.T) {
		wait()
		dog.LookAway(wait)
		wait()
	})
	<-done
}

// Whoever waits for the garbage collector goes on as soon as that lets it.
func TestWatchdogLeavesTheGarbageCollectorAlone(t *testing.T) {
	for _, state := range []string{"running", "runnable", "GC assist wait", "GC assist marking", "GC sweep wait", "wait for GC cycle", "stopping the world"} {
		assert.True(t, sim.Moves("chan receive", state), state)
	}
	for _, state := range []string{"chan receive", "sync.Mutex.Lock", "semacquire", "IO wait", "select"} {
		assert.False(t, sim.Moves("chan receive", state), state)
	}
}
