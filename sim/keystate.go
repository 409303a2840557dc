package sim

import (
	"fmt"
	"time"
)

// KeyState is what an inspector says of one key.
type KeyState struct {
	State  string    // available, cooling or disabled
	Status int       // the upstream's status that caused it; 0: none
	Until  time.Time // end of a cooldown
}

// describe rounds what is left of a cooldown up to the millisecond: a drill's
// latencies are far below it, so the line is the same for every seed.
func (k KeyState) describe(now time.Time) string {
	text := k.State
	if k.State == "cooling" {
		left := k.Until.Sub(now)
		text += " " + ((left + time.Millisecond - 1) / time.Millisecond * time.Millisecond).String()
	}
	if k.Status != 0 {
		text += fmt.Sprintf(" (%d)", k.Status)
	}
	return text
}
