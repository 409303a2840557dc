package check

import (
	"math/big"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

func retryAfterIsTrue() Check {
	return Check{
		Name: "retry-after-is-true",
		Sentence: "On exhaustion, Retry-After is the smallest remaining time over the keys whose mark is a rate limit, " +
			"rounded up to whole seconds, at least 1.",
		Bugs: []string{"BerriAI/litellm#27823", "BerriAI/litellm#20722"},
		find: func(r *Run) []Finding {
			if !r.Intent.Exact {
				return nil
			}
			var found []Finding
			for _, e := range r.exhaustions() {
				header := e.got.Header.Get("Retry-After")
				said, err := strconv.ParseInt(header, 10, 64)
				low, high, ok := e.wait()
				switch {
				case e.got.Status != http.StatusTooManyRequests:
				case !ok:
					found = append(found, findingf(e.step, "%s got 429 from a pool of which no key is resting after a rate limit", e.sent.Client))
				case err != nil:
					found = append(found, findingf(e.step, "%s got 429 with retry-after=%q; a key is back in %d s", e.sent.Client, header, low))
				case said < low || said > high:
					found = append(found, findingf(e.step, "%s was told to wait %d s; the first key is back in %d s", e.sent.Client, said, low))
				}
			}
			return found
		},
	}
}

func retryAfterOnlyWhenWaitingHelps() Check {
	return Check{
		Name:     "retry-after-only-when-waiting-helps",
		Sentence: "With every key disabled the answer is 502, without Retry-After.",
		find: func(r *Run) []Finding {
			if !r.Intent.Exact {
				return nil
			}
			var found []Finding
			for _, e := range r.exhaustions() {
				_, _, resting := e.wait()
				after := e.got.Header.Get("Retry-After")
				if !resting && e.got.Status >= 500 && after != "" {
					found = append(found, findingf(e.step, "%s got %d with retry-after=%s, and waiting does not help: no key is resting after a rate limit",
						e.sent.Client, e.got.Status, after))
				}
			}
			return found
		},
	}
}

// exhaustion is a request that a pool could not serve, with what is known of
// the pool's keys at that moment.
type exhaustion struct {
	*exchange
	rests []rest // after a rate limit
}

// rest is a key's cooldown as the witnesses know it: the gateway took its
// reading somewhere between the upstream's answer and the client's.
type rest struct {
	from, to time.Duration
	status   int  // of the answer that set it
	unsure   bool // another answer's may end later, of another status
}

// wait is the shortest wait in whole seconds, as a range. ok is false when no
// key is resting.
func (e *exhaustion) wait() (low, high int64, ok bool) {
	if len(e.rests) == 0 {
		return 0, 0, false
	}
	from, to := e.rests[0].from, e.rests[0].to
	for _, r := range e.rests[1:] {
		from, to = min(from, r.from), min(to, r.to)
	}
	return wholeSeconds(from - e.gotAt), wholeSeconds(to - e.decided()), true
}

func wholeSeconds(d time.Duration) int64 {
	return max(1, int64((d+time.Second-1)/time.Second))
}

// exhaustions finds the requests for which every attempt was refused by a key's
// own fault, or none was made, although the host has a pool. A key that two
// rows share is two keys to the gateway and one to the witnesses: such pools
// are left out.
func (r *Run) exhaustions() []*exhaustion {
	var list []*exhaustion
	marks := r.marks()
	for _, x := range r.exchanges() {
		if x.got == nil || x.got.Status == 0 || x.sent.OwnKey != "" || !r.refused(x) {
			continue
		}
		if int64(len(x.sent.Body.Bytes)) > r.Intent.MaxReplayBytes {
			continue // what the client heard is the upstream's own word
		}
		keys := r.pool(x)
		if len(keys) == 0 {
			continue
		}
		e := &exhaustion{exchange: x}
		unsure := false
		for _, k := range keys {
			m, ok := marks.at(k, x.gotAt)
			unsure = unsure || m.unsure || slices.ContainsFunc(marks[k], func(s refusal) bool {
				return s.request != x.sent.ID && s.at <= x.gotAt && s.told >= x.decided() || // it may be on its way
					r.wasAway(k, s.at, x.gotAt) || r.forgiven(k, s, x.gotAt)
			})
			if ok && m.status == http.StatusTooManyRequests {
				e.rests = append(e.rests, m)
			}
		}
		if !unsure {
			list = append(list, e)
		}
	}
	return list
}

// wasAway reports whether a snapshot of a span did not have the key: whether what it
// was told still counts is up to where it came back.
func (r *Run) wasAway(key string, from, to time.Duration) bool {
	return slices.ContainsFunc(r.loads(), func(l load) bool { return from <= l.at && l.at <= to && !l.keeps(key) })
}

// forgiven reports whether a key that was refused may be in use again, since its row has
// another base URL: what it was told before the refusal then counts once more. One that
// was asked since is in use, and tells itself what counts.
func (r *Run) forgiven(key string, s refusal, now time.Duration) bool {
	if s.rest != 0 || s.at > now || stays(r, key, s.began, now, func(p trace.ProviderLoaded) string { return p.URL }) {
		return false
	}
	return !slices.ContainsFunc(r.exchanges(), func(x *exchange) bool {
		return slices.ContainsFunc(x.attempts, func(a attempt) bool { return a.Key == key && s.told < a.Arrived && a.Arrived <= now })
	})
}

// keeps reports whether a row has the key that is in order, or switched off.
func (l load) keeps(key string) bool {
	return slices.ContainsFunc(l.rows, func(p trace.ProviderLoaded) bool {
		kept := p.Status != "error"
		if p.Status == trace.Unobserved {
			kept = p.Off || l.serves(p)
		}
		return kept && slices.Contains(p.Keys, key)
	})
}

// refused reports whether each attempt ended with a status that marks its key.
func (r *Run) refused(x *exchange) bool {
	for _, a := range x.attempts {
		if rest, out := r.Intent.judge(a.Status, a.Codes); rest == 0 && !out || a.Key == "none" {
			return false
		}
	}
	return true
}

// pool is the keys of the provider that had the request's host when it was sent. Where
// nobody can tell whose they are, there are none.
func (r *Run) pool(x *exchange) []string {
	keys, _ := r.poolOf(x)
	return keys
}

// poolOf is pool; known is false where several rows may have had the host, or the keys.
func (r *Run) poolOf(x *exchange) (keys []string, known bool) {
	var live load
	for _, l := range r.loads() {
		if l.at <= x.at {
			live = l
		}
	}
	rows := map[string]int{} // how many rows hold a key
	for _, f := range live.rows {
		for _, k := range f.Keys {
			rows[k]++
		}
	}
	owners := live.owners(hostOf(x.sent.Host))
	if len(owners) != 1 {
		return nil, len(owners) == 0
	}
	for _, k := range owners[0].Keys {
		if rows[k] > 1 {
			return nil, false
		}
	}
	return owners[0].Keys, true
}

var number = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// hint reads what an upstream asked for, written down a second time on purpose:
// a check that called the gateway's own parser would share its mistakes.
func hint(h http.Header, now time.Time, byDefault time.Duration) time.Duration {
	if d, ok := decimal(h.Get("Retry-After-Ms"), time.Millisecond); ok {
		return d
	}
	value := strings.TrimSpace(h.Get("Retry-After"))
	if d, ok := decimal(value, time.Second); ok {
		return d
	}
	if t, err := http.ParseTime(value); err == nil && t.After(now) {
		return t.Sub(now)
	}
	return byDefault
}

func decimal(text string, unit time.Duration) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	if !number.MatchString(text) {
		return 0, false
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok || r.Sign() <= 0 {
		return 0, false
	}
	r.Mul(r, new(big.Rat).SetInt64(int64(unit)))
	up := new(big.Int).Add(r.Num(), new(big.Int).Sub(r.Denom(), big.NewInt(1)))
	up.Quo(up, r.Denom())
	if !up.IsInt64() || up.Int64() > int64(24*time.Hour) {
		return 24 * time.Hour, true
	}
	return time.Duration(up.Int64()), true
}
