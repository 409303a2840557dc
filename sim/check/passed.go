package check

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

// passed is a key that a request was denied although it could be used, and the only
// thing that can have spoken against it. Each is exactly one check's finding.
type passed struct {
	kind   passedKind
	mark   refusal  // the last one that is over, or came late
	faults []string // the answers that the key got which are not its own fault
	prose  string   // what the last of them said
}

func (p passed) said(what string) string {
	return what + ": it was answered " + strconv.Itoa(p.mark.status) + " for the last time"
}

type passedKind int

const (
	overNothing passedKind = iota // nothing ever spoke against it
	overFault                     // answers that speak of the request or of the upstream
	overProse                     // answers whose body speaks of keys, and whose status does not
	overForm                      // a rest that is over
	overWindow                    // several marks at the same time, all over
	overHealed                    // a mark that an operator took off
	overLate                      // a refusal that was for a key which had left
)

// passedOver finds the clients that heard of exhausted keys while one was left, of the
// kind that is asked for.
func (r *Run) passedOver(kind func(passed) (why string, ok bool)) []Finding {
	var found []Finding
	marks := r.marks()
	for _, x := range r.exchanges() {
		for _, k := range r.gaveUp(x) {
			tried := slices.ContainsFunc(x.attempts, func(a attempt) bool { return a.Key == k })
			if tried {
				continue
			}
			p, free := r.judgePassed(marks, k, x)
			if !free {
				continue
			}
			if why, ok := kind(p); ok {
				found = append(found, findingf(x.step, "%s got %d, and key %s was not tried: %s", x.sent.Client, x.got.Status, k, why))
			}
		}
	}
	return found
}

// judgePassed says why a key may have been passed over; free is false where that may
// have been right.
func (r *Run) judgePassed(marks marks, key string, x *exchange) (p passed, free bool) {
	var over []refusal
	for _, s := range marks[key] {
		switch {
		case s.at > x.gotAt, s.over(x.at):
		case r.late(key, s) && s.known:
			p.kind, p.mark = overLate, s
		case s.rest == 0 || !s.known || s.dubious(x.gotAt) || s.over(x.gotAt) || s.told+s.rest > x.at:
			return p, false
		default:
			over = append(over, s)
		}
	}
	p.faults, p.prose = r.faultsOf(key, x)
	healed := slices.ContainsFunc(r.heals(key), func(at time.Duration) bool { return at <= x.at })
	switch {
	case p.kind == overLate:
	case len(over) > 0:
		p.kind, p.mark = overForm, over[len(over)-1]
		if atOnce(over) {
			p.kind = overWindow
		}
	case healed:
		p.kind = overHealed
	case p.prose != "":
		p.kind = overProse
	case len(p.faults) > 0:
		p.kind = overFault
	}
	return p, true
}

// atOnce reports whether a mark came before the one before it was over.
func atOnce(over []refusal) bool {
	for i := 1; i < len(over); i++ {
		if before := over[i-1]; over[i].arrived < before.at+before.rest && over[i].request != before.request {
			return true
		}
	}
	return false
}

// late reports whether a refusal was for a key that had left by the time it came: it
// says nothing of the one that came back.
func (r *Run) late(key string, s refusal) bool {
	if s.rest != 0 {
		return false
	}
	return slices.ContainsFunc(r.loads(), func(l load) bool {
		return s.arrived < l.began && l.at < s.at && !l.has(key)
	})
}

// gaveUp returns the pool of a request that was answered as if no key were left; nil:
// it was not, or nobody can be sure.
func (r *Run) gaveUp(x *exchange) []string {
	switch {
	case x.got == nil || x.got.Late || x.sent.OwnKey != "" || x.sent.Way == trace.WayRaw || !r.refused(x):
		return nil
	case int64(len(x.sent.Body.Bytes)) > r.Intent.MaxReplayBytes:
		return nil // a single attempt
	case !r.saysExhausted(x):
		return nil
	case r.reloadedBetween(x.at, x.gotAt):
		return nil // which keys it had depends on what came first
	}
	keys := r.pool(x)
	for _, a := range x.attempts {
		if !slices.Contains(keys, a.Key) {
			return nil // it did not go by the pool
		}
	}
	return keys
}

// saysExhausted reports whether an answer is about keys. A 502 may be about anything,
// so it counts only where every attempt came to a whole answer and nothing else can
// have gone wrong behind the last of them.
func (r *Run) saysExhausted(x *exchange) bool {
	if x.got.Status == http.StatusTooManyRequests {
		return true
	}
	if len(x.attempts) == 0 {
		return false
	}
	last := x.attempts[len(x.attempts)-1]
	if x.got.Status != http.StatusBadGateway || last.Status == http.StatusBadGateway {
		return x.got.Status == last.Status
	}
	for _, a := range x.attempts {
		if a.Broken || a.ended.Broke != "" || a.ended.Left {
			return false
		}
	}
	return !r.disturbed(x.at, x.gotAt) && !r.dialledBetween(last.at, x.gotAt)
}

// dialledBetween reports whether the gateway opened a connection in a span of time, or
// somebody's script did something to one.
func (r *Run) dialledBetween(from, to time.Duration) bool {
	return slices.ContainsFunc(r.Observations, func(o trace.Observation) bool {
		switch o.Fact.(type) {
		case trace.GatewayDialed, trace.UpstreamConnection:
			return from <= o.At && o.At <= to
		}
		return false
	})
}

// faultsOf are the answers of 400 and above that a key got before a request ended and
// that do not mark it, each once; prose is a word about keys in one of them, or in an
// answer that is no error at all.
func (r *Run) faultsOf(key string, x *exchange) (faults []string, prose string) {
	for _, a := range r.unmarked()[key] {
		if a.at > x.gotAt {
			continue
		}
		if i := slices.IndexFunc(a.Codes, speaksOfKeys); i >= 0 {
			prose = strconv.Itoa(a.Status) + " " + a.Codes[i]
		}
		if status := strconv.Itoa(a.Status); a.Status >= 400 && !slices.Contains(faults, status) {
			faults = append(faults, status)
		}
	}
	return faults, prose
}

// readUnmarked finds the attempts of each key whose answers do not mark it and say something
// all the same.
func (r *Run) readUnmarked() map[string][]attempt {
	list := map[string][]attempt{}
	for _, x := range r.exchanges() {
		for _, a := range x.attempts {
			rest, out := r.Intent.judge(a.Status, a.Codes)
			if rest == 0 && !out && (a.Status >= 400 || slices.ContainsFunc(a.Codes, speaksOfKeys)) {
				list[a.Key] = append(list[a.Key], a)
			}
		}
	}
	return list
}

// speaksOfKeys reports whether a vendor's error code is about a key or its account.
func speaksOfKeys(code string) bool {
	return slices.Contains([]string{"rate_limit_exceeded", "rate_limit_error", "insufficient_quota", "billing_error",
		"billing_not_active", "invalid_api_key", "authentication_error", "permission_error", "tokens", "requests"}, code)
}
