package sim

import "github.com/gatedrill/gatedrill/sim/check"

// Watchdog is the watchdog, for tests that look when they want to.
type Watchdog struct{ dog watchdog }

// Guard, Look and LookAway are its own.
func (w *Watchdog) Guard(bubble string)                       { w.dog.guard(bubble) }
func (w *Watchdog) Look(onStuck func(check.Finding)) (b bool) { return w.dog.look(onStuck) }
func (w *Watchdog) LookAway(f func())                         { w.dog.lookAway(f) }

// BubbleID is the bubble that the caller runs in.
func BubbleID() string { return bubbleID() }

// Moves reports whether goroutines of these states count as moving.
func Moves(states ...string) bool {
	var all []goroutine
	for _, s := range states {
		all = append(all, goroutine{id: "1", state: s})
	}
	return fingerprint(all) == ""
}
