package keypool

import (
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	// DefaultCooldown is how long a key cools when neither the answer nor the rule
	// says how long.
	DefaultCooldown = 60 * time.Second
	// MaxCooldown is the longest that a hint of an upstream can set a key aside, and
	// the cap of a rule that has none of its own.
	MaxCooldown = 24 * time.Hour
)

// Action is what a rule does with a key whose attempt was answered.
type Action int

// The actions. Pass forwards the answer and leaves the key as it is. Cooldown and
// Disable set the key aside, for a time or until it is healed, and move the request
// on to the next key.
const (
	Pass Action = iota
	Cooldown
	Disable
)

// String returns the action in lower case: "pass", "cooldown", "disable".
func (a Action) String() string {
	switch a {
	case Pass:
		return "pass"
	case Cooldown:
		return "cooldown"
	case Disable:
		return "disable"
	default:
		return "Action(" + strconv.Itoa(int(a)) + ")"
	}
}

// Rule says what an answer means for the key that it was given to.
type Rule struct {
	// Action is what happens to the key; zero: Pass.
	Action Action
	// Default is the length of a cooldown when the answer has no usable Retry-After;
	// zero or negative: DefaultCooldown.
	Default time.Duration
	// Cap bounds the length of a cooldown, whether hinted or by default; zero or
	// negative: MaxCooldown. Hints are never taken for longer than MaxCooldown.
	Cap time.Duration
}

// cooldown is the length of the cooldown that an answer with header h sets, when
// its headers arrived at the instant now.
func (r Rule) cooldown(h http.Header, now time.Time) time.Duration {
	d, ok := RetryAfter(h, now)
	if !ok {
		if d = r.Default; d <= 0 {
			d = DefaultCooldown
		}
	}
	limit := r.Cap
	if limit <= 0 {
		limit = MaxCooldown
	}
	return min(d, limit)
}

// Policy is how answers are judged. It is data: compare it, print it, build your
// own from a preset. The zero Policy is Strict.
type Policy struct {
	// Status has the rule for each HTTP status; an answer with a status that is not
	// in it passes. Nil: that of Strict. A map that is empty and not nil lets every
	// answer pass.
	Status map[int]Rule
}

// Strict is the default policy: 429 cools a key for as long as its Retry-After
// says, or for 60 s; 401 and 403 disable it until it is healed.
func Strict() Policy {
	return Policy{Status: map[int]Rule{
		http.StatusTooManyRequests: {Action: Cooldown},
		http.StatusUnauthorized:    {Action: Disable},
		http.StatusForbidden:       {Action: Disable},
	}}
}

// Recovering is the policy for pools that nobody watches: 429 as in Strict, 401
// cools a key for 60 s, so that it heals by itself, and 403 passes, since it is
// about the request (a model, a region) more often than about the key.
func Recovering() Policy {
	return Policy{Status: map[int]Rule{
		http.StatusTooManyRequests: {Action: Cooldown},
		http.StatusUnauthorized:    {Action: Cooldown, Default: DefaultCooldown},
	}}
}

// failoverReason names the reason for which a request left a key, as a metric
// label: "rate_limited", or the status's text like "unauthorized" and "forbidden".
func failoverReason(status int) string {
	if status == http.StatusTooManyRequests {
		return "rate_limited"
	}
	if text := http.StatusText(status); text != "" {
		return strings.Map(func(r rune) rune {
			switch {
			case r == ' ' || r == '-':
				return '_'
			case unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			default:
				return -1
			}
		}, text)
	}
	return "status_" + strconv.Itoa(status)
}
