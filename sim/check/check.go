// Package check watches runs: each check is one property that every gateway of
// this kind should have, whatever the drill is about.
//
//	Observations, secrets, logs, metrics, leftovers ──▶ Run ──▶ Check ──▶ Findings
//
// A check reads what the witnesses saw: client bytes, the upstreams, the network,
// Reload's results, metrics and logs. It never asks the gateway what it thinks (what
// an inspector tells is held against the witnesses, or not observed), and shares no
// code with it. Where nobody could see, it is silent: a false alarm is worse than a miss.
//
//	for _, c := range check.All() {
//		for _, f := range c.Find(run) {
//			fmt.Println(f.Check, f.Text)
//		}
//	}
//
// A finding is what the gateway did wrong. What the harness could not do is an
// error, and never looks like one.
package check

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

// Check is one property. Its name is stable: it appears in reports and docs.
type Check struct {
	Name     string
	Sentence string // what holds, in one sentence
	Bugs     []string
	find     func(*Run) []Finding
}

// Find returns what breaks the property in a run, in order.
func (c Check) Find(r *Run) []Finding {
	r.memo = memo{}
	return c.look(r)
}

func (c Check) look(r *Run) []Finding {
	found := c.find(r)
	for i := range found {
		found[i].Check = c.Name
	}
	return found
}

// FindAll returns what breaks any property in a run, in the order of All. It reads the run
// once, where Find reads it for each check.
func FindAll(r *Run) (found []Finding) {
	r.memo = memo{}
	for _, c := range All() {
		found = append(found, c.look(r)...)
	}
	return found
}

// What no check can see, since the run does not come to its end, is found by the
// engine and reported under these names.
const (
	ScriptIsPlayed = "script-is-played"  // each scripted answer is asked for, each request has one
	NoLockAcrossIO = "no-lock-across-io" // no mutex is held while its holder waits for the network
	NoDeadlock     = "no-deadlock"       // something can always go on
	StaysVirtual   = "stays-virtual"     // the gateway waits for nothing real: no socket, no file, no process
	NoPanic        = "no-panic"          // the process lives, and the run ends in real time
)

// OfTheEngine lists them, with what they say. Find finds nothing for them.
func OfTheEngine() []Check {
	nothing := func(*Run) []Finding { return nil }
	return []Check{
		{ScriptIsPlayed, "Each answer that an upstream has in its script is asked for, and each request has one.", nil, nothing},
		{NoLockAcrossIO, "No goroutine stays parked on a mutex whose holder waits for the network.", nil, nothing},
		{NoDeadlock, "Something can always go on.", nil, nothing},
		{StaysVirtual, "The gateway waits for nothing real: no socket, no file, no process.", nil, nothing},
		{NoPanic, "The process lives, and the run ends in real time.", nil, nothing},
	}
}

// Finding is one way in which a gateway was wrong.
type Finding struct {
	Check string
	Step  int // index of the step, from 0; -1: the run as a whole
	Text  string
}

// Run is what a check may look at. It is for one goroutine.
type Run struct {
	Start        time.Time           // when the world began, by its own clock
	Observations []trace.Observation // in canonical order
	Secrets      []Secret
	Intent       Intent
	Log          string   // what the gateway logged
	Metrics      *Samples // after each step, and once more at the end; nil: none
	Open         []string // connections that were open after Stop
	Goroutines   []string // goroutines that were left after Stop, a line each

	memo memo // what several checks ask for: a run does not change while checks look at it
}

// Intent is what a gateway means to do: checks judge it by its own policy. The
// zero value is not an intent; Strict is the reference gateway's default.
type Intent struct {
	// Cooldown are the statuses that rest a key, for the answer's hint or the
	// duration given here.
	Cooldown map[int]time.Duration
	// Disable are the statuses that take a key out until somebody heals it.
	Disable []int
	// Codes are error codes that say more than the status: an answer of the status with
	// the code, as error.code or else error.type, rests its key for its hint or the
	// duration given here, whatever the status alone would do.
	Codes map[int]map[string]time.Duration
	// MaxCooldown bounds every cooldown.
	MaxCooldown time.Duration
	// MaxReplayBytes is the largest body that is kept for a second attempt: a larger
	// one has a single attempt, whose answer is forwarded as it is.
	MaxReplayBytes int64
	// Exact is whether a 429 of an exhausted pool promises the shortest wait.
	Exact bool
	// Guarded is whether clients cannot have it dial private addresses, but for those in
	// Exempt.
	Guarded bool
	Exempt  []netip.Prefix
	// Metrics are the series that say what the witnesses can see as well.
	Metrics Metrics
}

// Strict is the policy of the reference gateway's library.
func Strict() Intent {
	return Intent{
		Cooldown:       map[int]time.Duration{429: time.Minute},
		Disable:        []int{401, 403},
		MaxCooldown:    24 * time.Hour,
		MaxReplayBytes: 32 << 20,
		Exact:          true,
		Guarded:        true,
		Metrics: Metrics{
			Keys: "gatedrill_key_pool_keys", Requests: "gatedrill_mitm_requests_total", Failovers: "gatedrill_key_failovers_total",
		},
	}
}

// Recovering is the reference gateway's policy recovering.
func Recovering() Intent {
	intent := Strict()
	intent.Cooldown = map[int]time.Duration{429: time.Minute, 401: time.Minute}
	intent.Disable = nil
	intent.Codes = map[int]map[string]time.Duration{
		429: {"insufficient_quota": time.Hour, "billing_not_active": time.Hour},
		402: {"billing_error": time.Hour},
	}
	return intent
}

// judge is what an answer means for its key: for how long it rests (0: it does not),
// unless its answer says otherwise, or whether it is out. Neither: the answer is the
// client's.
func (i Intent) judge(status int, codes []string) (rest time.Duration, out bool) {
	for _, code := range codes {
		if rest, ok := i.Codes[status][code]; ok {
			return rest, false
		}
	}
	if rest, ok := i.Cooldown[status]; ok {
		return rest, false
	}
	return 0, slices.Contains(i.Disable, status)
}

// Secret is a canary: a text that must not turn up in the wrong place.
type Secret struct {
	Kind  SecretKind
	Alias string
	Text  string
}

// SecretKind says whose secret it is.
type SecretKind int

const (
	Key   SecretKind = iota // a provider key, of a pool or a client's own
	Token                   // a gateway token
)

// String is the kind's name.
func (k SecretKind) String() string { return [...]string{"key", "token"}[k] }

// Prefix begins each secret of the kind, as vendors' keys have one.
func (k SecretKind) Prefix() string { return [...]string{"sk", "gd"}[k] }

// Sample is one reading of one series.
type Sample struct {
	Step   int           // index of the step after which it was read; -1: at the end
	At     time.Duration // when it was read, since the world began
	Name   string
	Series string // name and labels
	Gauge  bool
	Value  float64
}

// All lists the checks, in the order in which their findings are shown.
func All() []Check {
	return []Check{
		routeIsLive(), snapshotIsWhole(), lastGoodSurvives(), badRowAlone(), failClosed(), reloadIsInvisible(), deletedDisappears(),
		marksSurviveReload(),
		noKeyDownstream(), noTokenUpstream(), keyToItsHostOnly(), callerIsolation(), noPrivateAddress(),
		oncePerRequest(), replayIsIdentical(), attemptsAreIsolated(), byokIsAlone(),
		retryAfterIsTrue(), retryAfterOnlyWhenWaitingHelps(), everyFormIsUnderstood(), missingHintHasADefault(), capHolds(),
		coolingKeyRests(), laterDeadlineWins(), disabledKeyRests(), marksHeal(), oneMarkPerWindow(), lateMarkIsHarmless(),
		allTriedBeforeExhausted(), requestFaultsDoNotMark(), statusBeatsProse(), viewEqualsState(),
		errorBodyArrives(),
		streamFlows(), truncationIsVisible(), nothingAfterCommit(), framingIsRight(),
		everyRequestEnds(), gaugesBalance(), nothingLeaks(), recovers(),
	}
}

// findingf makes a finding of a step.
func findingf(step int, format string, args ...any) Finding {
	return Finding{Step: step, Text: fmt.Sprintf(format, args...)}
}
