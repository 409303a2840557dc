package check

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

// marks are the refusals of each key, in order of time.
type marks map[string][]refusal

type refusal struct {
	request  string        // whose attempt it was
	began    time.Duration // when its request was sent
	arrived  time.Duration // when the attempt reached the upstream
	at, told time.Duration // when it was answered, and when the gateway knew at the latest
	rest     time.Duration // 0: disabled
	status   int
	known    bool          // what the gateway did next shows that it saw the answer
	healed   time.Duration // when an operator took it off; 0: nobody did
	doubt    time.Duration // when one may have: 0: nobody did
	form     form          // how its hint was written
	calm     time.Duration // from when on it and all before it say nothing any more; the end of time: nobody can tell
}

// since are a key's refusals from the first that may say something at an instant or later.
// Those before are over, and nothing about them is in doubt.
func (m marks) since(key string, at time.Duration) []refusal {
	list := m[key]
	return list[sort.Search(len(list), func(i int) bool { return list[i].calm > at }):]
}

// calmed notes in refusals, in order, from when on each says nothing.
func calmed(list []refusal) {
	calm := time.Duration(0)
	for i := range list {
		s := &list[i]
		if s.rest == 0 || !s.known || s.healed > 0 || s.doubt > 0 {
			calm = time.Duration(1<<63 - 1)
		}
		calm = max(calm, s.told+s.rest)
		s.calm = calm
	}
}

func (r *Run) readMarks() marks {
	m := marks{}
	for _, x := range r.exchanges() {
		if x.sent.OwnKey != "" {
			continue
		}
		for i, a := range x.attempts {
			told, known := x.gotAt, x.got != nil && (x.got.Status == a.Status || x.got.Status == 429)
			if i+1 < len(x.attempts) {
				next := x.attempts[i+1]
				told, known = next.Arrived, next.Key != a.Key // it has moved on by then, or net/http sent it again
			}
			told = max(told, a.at)
			known = known && !a.Broken // what came of it is between the upstream and the gateway
			mark := refusal{request: x.sent.ID, began: x.at, arrived: a.Arrived, at: a.at, told: told, status: a.Status, known: known}
			byDefault, out := r.Intent.judge(a.Status, a.Codes)
			switch {
			case byDefault > 0:
				mark.rest, mark.form = r.restOf(a, byDefault)
			case !out:
				continue
			}
			m[a.Key] = append(m[a.Key], mark)
		}
	}
	for key, seen := range m {
		slices.SortStableFunc(seen, func(a, b refusal) int { return cmp.Compare(a.at, b.at) })
		r.healed(key, seen)
		calmed(seen)
	}
	return m
}

// at is the rest of a key at an instant. The latest deadline counts. A key that
// is disabled does not rest, whatever answers to older attempts still say of it;
// an attempt that began later shows that it was healed meanwhile.
func (m marks) at(key string, now time.Duration) (rest, bool) {
	var r rest
	resting, disabled := false, time.Duration(-1)
	for _, s := range m[key] {
		switch {
		case s.at > now:
		case s.over(now):
		case s.dubious(now):
			r.unsure = true
		case s.rest == 0:
			resting, disabled = false, s.at
		case s.arrived <= disabled:
		case !resting || s.at+s.rest > r.from:
			unsure := resting && s.status != r.status && s.at+s.rest < r.to
			r, resting = rest{from: s.at + s.rest, to: s.told + s.rest, status: s.status, unsure: unsure || r.unsure}, true
		case s.status != r.status && s.told+s.rest > r.from:
			r.unsure = true
		}
	}
	return r, resting
}

// everOut reports whether a key was disabled up to an instant. What such a key was told
// besides may or may not count.
func (m marks) everOut(key string, until time.Duration) bool {
	for _, s := range m.since(key, until) {
		if s.at > until {
			break
		}
		if s.rest == 0 && !s.over(until) {
			return true
		}
	}
	return false
}

// staysPut reports whether a key was in one live row of the same name and host, and in
// no other, all the time: then nothing but its answers has touched its state.
func (r *Run) staysPut(key string, from, to time.Duration) bool {
	type place struct{ name, host string }
	where := func(p trace.ProviderLoaded) place { return place{p.Name, p.Host} }
	return stays(r, key, from, to, where)
}

// keepsURL reports the same of a row of the same name and base URL: a disabled key may
// be forgiven elsewhere.
func (r *Run) keepsURL(key string, from, to time.Duration) bool {
	type place struct{ name, url string }
	where := func(p trace.ProviderLoaded) place { return place{p.Name, p.URL} }
	return stays(r, key, from, to, where)
}

func stays[P comparable](r *Run, key string, from, to time.Duration, where func(trace.ProviderLoaded) P) bool {
	var home *P
	loads := r.loads()
	for i, l := range loads {
		if l.at > to || i+1 < len(loads) && loads[i+1].at < from {
			continue // not yet in service, or no longer
		}
		var now []P
		for _, row := range l.rows {
			if slices.Contains(row.Keys, key) {
				now = append(now, where(row))
				if !l.serves(row) {
					return false
				}
			}
		}
		if len(now) != 1 || home != nil && *home != now[0] {
			return false
		}
		home = &now[0]
	}
	return home != nil
}
