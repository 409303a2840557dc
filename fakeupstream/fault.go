package fakeupstream

// Fault is something that the script and the requests disagree about.
type Fault struct {
	Kind FaultKind
	Text string // one line that begins with the upstream's name; never a secret
}

// FaultKind says what sort of fault it is.
type FaultKind int

const (
	// Unasked is a scripted answer that was not asked for as often as it should have been.
	Unasked FaultKind = iota + 1
	// Unmatched is a request that no rule answered, or that came after its sequence had run out.
	Unmatched
	// Invalid is a rule, given as a value, that means nothing: no status, or options that exclude each other.
	Invalid
	// Held is an answer that is held, and was not released.
	Held
	// Unreached is a break of an answer that came to its end without the point where it should have happened.
	Unreached
)

// String returns the kind in one lower-case word.
func (k FaultKind) String() string {
	switch k {
	case Unasked:
		return "unasked"
	case Unmatched:
		return "unmatched"
	case Invalid:
		return "invalid"
	case Held:
		return "held"
	case Unreached:
		return "unreached"
	default:
		return "none"
	}
}
