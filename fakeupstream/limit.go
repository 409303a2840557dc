package fakeupstream

import (
	"slices"
	"time"
)

// Limit decides whether a request passes, before the rules of its key answer it. What it refuses, it answers itself,
// in the vendor's own shape, and no answer of a script is used up. One that never refuses is no Fault.
//
// All limits of an upstream are looked at in this order: keys that were revoked, windows, quotas and rates. A request
// has to pass all of them; it is refused by the one that asks for the longest wait, and what is refused costs nothing.
// A request that passes costs what it costs, whatever its key's rule answers. Everything begins full when the script is
// played, and windows and revocations count from then.
type Limit struct {
	Kind LimitKind
	// Keys are whose requests are counted. None: every key that has an alias; for a window every request.
	Keys []string
	// Org is an organisation whose keys share one count. "": each key has a count of its own.
	Org string
	// By is what is counted apart. ByKey, the zero value: each key, or the organisation.
	By LimitBy
	// Path is the request's path, escapes included; with a final * all that begins so. "": every path.
	Path string
	// Model is the model that the request's JSON body names. "": every one, and none.
	Model string

	// RPS and RPM are requests in a second and in a minute, in token buckets that fill evenly. 0: any number.
	RPS, RPM int
	// Burst is how many requests at once the bucket of RPM holds, or that of RPS. 0: as many as in its period.
	Burst int
	// TPM is tokens a minute. OpenAI takes the larger of max_tokens and the input from it when the request comes, and
	// gives nothing back; Anthropic takes the input, and what was answered. 0: any number.
	TPM int
	// InputTPM is tokens a minute in requests, estimated as a quarter of what they say in bytes. A request passes by that
	// estimate; what it costs is what its answer's usage tells (Say.Tokens), and may leave a debt. 0: any number.
	InputTPM int
	// OutputTPM is tokens a minute in answers: a request passes while there is one left, and what is answered may
	// leave a debt. 0: any number.
	OutputTPM int
	// Concurrent is how many requests may be under way. 0: any number.
	Concurrent int

	// Day and DayTokens are requests, and tokens of both directions, until midnight UTC. 0: any number.
	Day, DayTokens int
	// Requests and Tokens are what an account has in all; then its quota is spent and waiting does not help. 0: any
	// number.
	Requests, Tokens int

	// Status is what a window answers, 400 to 599.
	Status int
	// From and To are a window's instants, counted from when the script is played; To is behind it.
	From, To time.Duration
	// At is the instant from which a revoked key is refused with 401, counted from when the script is played.
	At time.Duration

	// Hint is how a refusal says how long to wait.
	Hint LimitHint
	// HintText is the text of HintText.
	HintText string
	// Message is the text in a 429's body, with {wait} for the wait as Go writes durations. "": the vendor's usual.
	Message string
}

// LimitKind says what sort of limit it is.
type LimitKind int

const (
	LimitRate    LimitKind = iota + 1 // so much in a time, or at a time
	LimitQuota                        // so much until midnight, or in all
	LimitWindow                       // nothing between two instants
	LimitRevoked                      // a key is no key any more
)

// String returns the word that the limit's line begins with.
func (k LimitKind) String() string {
	return [...]string{"", "limit", "quota", "window", "revoked"}[max(0, min(k, LimitRevoked))]
}

// LimitBy says what is counted apart.
type LimitBy int

const (
	ByKey     LimitBy = iota // each key, or the organisation of keys
	ByAddress                // each address that requests come from, whatever their key
)

// String returns the word as by= has it.
func (b LimitBy) String() string { return [...]string{"key", "address"}[max(0, min(b, ByAddress))] }

// LimitHint is how a refusal says how long to wait. All but HintText are rounded up, so that they are true. Where
// waiting does not help, or nobody can tell how long, only HintText says anything.
type LimitHint int

const (
	HintUsual    LimitHint = iota // HintSeconds for rates and quotas, HintNone for windows
	HintSeconds                   // Retry-After in whole seconds, at least 1
	HintDecimals                  // Retry-After in seconds with decimals, exact to the nanosecond
	HintMS                        // retry-after-ms alone, in whole milliseconds
	HintBoth                      // HintSeconds and HintMS
	HintIMF                       // Retry-After as a date in the form that RFC 9110, section 5.6.7, prefers
	HintRFC850                    // as a date in the second form
	HintAsctime                   // as a date in the third form
	HintNone                      // nothing
	HintText                      // Retry-After: HintText, whether it is true or not
)

// hintNames are the hints as retry-after= has them, in order.
func hintNames() []string {
	return []string{"usual", "seconds", "decimals", "ms", "both", "imf", "rfc850", "asctime", "none", "text"}
}

// String returns the word as retry-after= has it.
func (h LimitHint) String() string { return hintNames()[max(0, min(h, HintText))] }

// covers tells whether a request is one that the limit looks at.
func (l *Limit) covers(a *asking) bool {
	switch {
	case len(l.Keys) > 0:
		if !slices.Contains(l.Keys, a.key) {
			return false
		}
	case l.Kind != LimitWindow && l.By != ByAddress && (a.key == KeyNone || a.key == KeyUnknown):
		return false
	}
	return (l.Model == "" || l.Model == a.model) && Rule{Path: l.Path}.matchesPath(a.path)
}

// subject is whose count a request is on.
func (l *Limit) subject(a *asking) string {
	switch {
	case l.By == ByAddress:
		return a.address
	case l.Org != "":
		return ""
	}
	return a.key
}
