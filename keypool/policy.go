package keypool

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
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

// String is the rule in a few words: "pass", "disable", "cooldown", "cooldown default
// 1h0m0s cap 2h0m0s".
func (r Rule) String() string {
	text := r.Action.String()
	if r.Default > 0 {
		text += " default " + r.Default.String()
	}
	if r.Cap > 0 {
		text += " cap " + r.Cap.String()
	}
	return text
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

// Policy is how answers are judged: by their status, and where the policy says so by
// the provider's error code as well. It is data: compare it, print it, build your own
// from a preset. The zero Policy is Strict.
//
//	answer                        Strict              Recovering
//	429                           cools, 60 s         cools, 60 s
//	429 insufficient_quota        cools, 60 s         cools, 1 h
//	429 billing_not_active        cools, 60 s         cools, 1 h
//	401                           disables the key    cools, 60 s
//	402 billing_error             passes              cools, 1 h
//	403                           disables the key    passes
//	2xx, 400, 404, 5xx, 529, …    passes              passes
//
// The times are those of answers without a usable Retry-After. A key that cools or is
// disabled passes the request on to the next key; what passes goes to the client as it
// is, and leaves the key alone.
type Policy struct {
	// Status has the rule for each HTTP status; an answer with a status that is not
	// in it passes. Nil: that of Strict. A map that is empty and not nil lets every
	// answer pass.
	Status map[int]Rule
	// Codes has rules for answers of one status with one error code, by status and then
	// by code; such a rule takes the place of the status's own. The status comes first:
	// a code means nothing under a status that is not named here together with it, and
	// what stands in the message never counts. Statuses below 400 are ignored, since
	// they are no errors. Nil or empty: none.
	//
	// The code is error.code of the answer's JSON body if there is a rule for it, else
	// error.type: OpenAI has both, Anthropic the type only. Codes are compared as they
	// are written. An answer counts as one without a code if its body is not JSON by its
	// Content-Type and by its text, has a Content-Encoding that the inner transport did
	// not undo, is longer than 64 KiB, breaks off, or does not come within 500 ms of
	// its headers.
	Codes map[int]map[string]Rule

	own bool // nobody else holds the maps, see Own
}

// Own returns a copy with the defaults filled in that transports share, where they would
// each make their own: for programs with many pools. Its maps must not be changed.
func (p Policy) Own() Policy {
	p = p.clone()
	p.own = true
	return p
}

// Strict is the default policy: 429 cools a key for as long as its Retry-After
// says, or for 60 s; 401 and 403 disable it until it is healed. It knows no codes.
func Strict() Policy {
	return Policy{Status: map[int]Rule{
		http.StatusTooManyRequests: {Action: Cooldown},
		http.StatusUnauthorized:    {Action: Disable},
		http.StatusForbidden:       {Action: Disable},
	}}
}

// unpaidCooldown is how long Recovering sets a key aside whose account has run out of
// money: waiting for a minute does not help, and whoever pays is served within the hour.
const unpaidCooldown = time.Hour

// Recovering is the policy for pools that nobody watches: whatever it does to a key
// heals by itself. 429 is as in Strict, 401 cools a key for 60 s, and 403 passes, since
// it is about the request (a model, a region) more often than about the key.
//
// Three codes say that the account has to be paid for, and cool the key for an hour:
// OpenAI's 429 insufficient_quota, which is the type also of the finer codes like
// credit_balance_exhausted (platform.openai.com/docs/guides/error-codes), its 429
// billing_not_active (reported by users), and Anthropic's 402 billing_error
// (docs.anthropic.com/en/api/errors).
func Recovering() Policy {
	unpaid := Rule{Action: Cooldown, Default: unpaidCooldown}
	return Policy{
		Status: map[int]Rule{
			http.StatusTooManyRequests: {Action: Cooldown},
			http.StatusUnauthorized:    {Action: Cooldown, Default: DefaultCooldown},
		},
		Codes: map[int]map[string]Rule{
			http.StatusTooManyRequests: {"insufficient_quota": unpaid, "billing_not_active": unpaid},
			http.StatusPaymentRequired: {"billing_error": unpaid},
		},
	}
}

// Equal reports whether two policies have the same rules. An empty Codes is as good as
// none; rules that come to the same in other words are different.
func (p Policy) Equal(other Policy) bool {
	return p.String() == other.String()
}

// String lists the rules in the order of statuses and codes, as in
// "401 disable, 429 cooldown, 429 insufficient_quota cooldown default 1h0m0s".
func (p Policy) String() string {
	p = p.clone()
	statuses := slices.AppendSeq(slices.Collect(maps.Keys(p.Status)), maps.Keys(p.Codes))
	slices.Sort(statuses)
	var list []string
	for _, status := range slices.Compact(statuses) {
		if rule, ok := p.Status[status]; ok {
			list = append(list, strconv.Itoa(status)+" "+rule.String())
		}
		for _, code := range slices.Sorted(maps.Keys(p.Codes[status])) {
			list = append(list, fmt.Sprintf("%d %s %s", status, plainCode(code), p.Codes[status][code]))
		}
	}
	if len(list) == 0 {
		return "every answer passes"
	}
	return strings.Join(list, ", ")
}

// mayCool reports whether an answer of the status may begin a cooldown, as far as can
// be told without its body.
func (p Policy) mayCool(status int) bool {
	return p.Status[status].Action == Cooldown || len(p.Codes[status]) > 0
}

// plainCode is a code as it is, or in quotes when it would not read as one word.
func plainCode(code string) string {
	if quoted := strconv.Quote(code); quoted != `"`+code+`"` || code == "" || strings.ContainsAny(code, " ,") {
		return quoted
	}
	return code
}

// clone is a policy of its own with the defaults filled in.
func (p Policy) clone() Policy {
	if p.own {
		return p
	}
	if p.Status == nil {
		p.Status = Strict().Status
	}
	p.Status = maps.Clone(p.Status)
	codes := make(map[int]map[string]Rule, len(p.Codes))
	for status, rules := range p.Codes { // map to map: the order shows nowhere
		if status >= http.StatusBadRequest && len(rules) > 0 {
			codes[status] = maps.Clone(rules)
		}
	}
	p.Codes = codes
	return p
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
