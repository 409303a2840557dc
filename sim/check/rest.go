package check

import (
	"slices"
	"time"
)

func coolingKeyRests() Check {
	return Check{
		Name:     "cooling-key-rests",
		Sentence: "No attempt is written with a key after its rate limit was delivered and before its deadline.",
		Bugs:     []string{"BerriAI/litellm#34836"},
		find: func(r *Run) []Finding {
			return r.restless(func(u use) (string, bool) {
				return "rests until then", u.kind() == restForm && u.mark.form == formPlain
			})
		},
	}
}

func laterDeadlineWins() Check {
	return Check{
		Name:     "later-deadline-wins",
		Sentence: "A second hint never shortens a cooldown.",
		Bugs:     []string{"BerriAI/litellm#40130"},
		find: func(r *Run) []Finding {
			return r.restless(func(u use) (string, bool) {
				return "rests until then, although a later answer named an earlier time", u.kind() == restShortened
			})
		},
	}
}

func disabledKeyRests() Check {
	return Check{
		Name:     "disabled-key-rests",
		Sentence: "No attempt is written with a disabled key until somebody heals it.",
		find: func(r *Run) []Finding {
			return r.restless(func(u use) (string, bool) { return "is disabled", u.kind() == restDisabled })
		},
	}
}

func marksSurviveReload() Check {
	return Check{
		Name:     "marks-survive-reload",
		Sentence: "A reload that does not touch a key leaves its state.",
		Bugs:     []string{"alibaba/higress `resetSharedData`"},
		find: func(r *Run) []Finding {
			return r.restless(func(u use) (string, bool) {
				return "was forgotten by a reload that left its row alone", u.kind() == restReloaded
			})
		},
	}
}

// use is an attempt with a key that was set aside.
type use struct {
	mark      refusal
	shortened bool // a later answer named a deadline that had passed
	reloaded  bool // rows were loaded in between
}

// kind says whose finding a use is: exactly one check's.
func (u use) kind() restKind {
	switch {
	case u.reloaded:
		return restReloaded
	case u.mark.rest == 0:
		return restDisabled
	case u.shortened:
		return restShortened
	}
	return restForm
}

type restKind int

const (
	restForm restKind = iota // the hint's own deadline was not kept
	restShortened
	restDisabled
	restReloaded
)

// restless finds the attempts that should not have been, of the kind that is asked for.
func (r *Run) restless(kind func(use) (why string, ok bool)) []Finding {
	var found []Finding
	marks := r.marks()
	for _, x := range r.exchanges() {
		if x.sent.OwnKey != "" {
			continue
		}
		keys := r.pool(x)
		began := x.at // the gateway cannot have chosen the key before
		for _, a := range x.attempts {
			if slices.Contains(keys, a.Key) {
				if u, ok := r.setAside(marks, a, began); ok {
					if why, ok := kind(u); ok {
						found = append(found, findingf(x.step, "%s got key %s, which was answered %d %s before and %s",
							a.Host, a.Key, u.mark.status, (a.Arrived-u.mark.at).Round(time.Millisecond), why))
					}
				}
			}
			began = a.at
		}
	}
	return found
}

// setAside tells by which mark the key of an attempt should have rested, the one that
// ends last if there are several. Marks of other requests count that were known before
// the attempt began, as long as nothing else than answers can have changed the key's
// state.
func (r *Run) setAside(marks marks, a attempt, began time.Duration) (u use, ok bool) {
	out := marks.everOut(a.Key, a.Arrived)
	for _, s := range marks.since(a.Key, a.Arrived) {
		if s.at > a.Arrived {
			break
		}
		if s.rest > 0 && !ok && s.at+s.rest <= a.Arrived {
			continue // what has ended before anything else counts says nothing
		}
		if s.request == a.Request || !s.known || s.told > min(began, a.Arrived) || s.over(a.Arrived) || s.dubious(a.Arrived) {
			continue
		}
		reloaded := r.reloadedBetween(s.began, a.Arrived)
		switch over := a.Arrived >= s.at+s.rest; {
		case s.rest == 0 && (!reloaded || r.keepsURL(a.Key, s.began, a.Arrived)):
			return use{mark: s, reloaded: reloaded}, true
		case s.rest == 0 || out || !r.staysPut(a.Key, s.began, a.Arrived):
		case over:
			u.shortened = ok // a later answer, whose own deadline has passed
		case !ok || s.at+s.rest > u.mark.at+u.mark.rest:
			u, ok = use{mark: s, reloaded: reloaded}, true
		}
	}
	return u, ok
}
