package keypool

import (
	"strconv"
	"time"
)

// State is what can be done with a key.
type State int

// The states of a key. Cooling ends by itself at its deadline; Disabled ends
// when somebody heals the key (Key.Enable) or its provider gets another base URL
// (Key.ClearDisabled).
const (
	Available State = iota
	Cooling
	Disabled
)

// String returns the state in lower case: "available", "cooling", "disabled".
func (s State) String() string {
	switch s {
	case Available:
		return "available"
	case Cooling:
		return "cooling"
	case Disabled:
		return "disabled"
	default:
		return "State(" + strconv.Itoa(int(s)) + ")"
	}
}

// KeyState is one key's state at one instant.
type KeyState struct {
	// Hint names the key without giving it away, see Pool.Hint.
	Hint string
	// State is the key's state.
	State State
	// Reason is the HTTP status that caused the state, 0 for an available key.
	Reason int
	// Until is the instant from which a cooling key is available again, the zero
	// time in every other state.
	Until time.Time
}
