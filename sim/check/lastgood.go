package check

import (
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

func lastGoodSurvives() Check {
	return Check{
		Name:     "last-good-survives",
		Sentence: "A failed or partial read of the source changes nothing: the last good snapshot stays live.",
		Bugs:     []string{"BerriAI/litellm#41502"},
		find: func(r *Run) []Finding {
			var found []Finding
			for _, o := range r.Observations {
				if f, ok := o.Fact.(trace.ReloadFailed); ok && f.Snapshot == "another snapshot" && r.alone(f.Reload) {
					found = append(found, findingf(o.Step, "the reload failed, and another snapshot is live: %s", f.Err))
				}
			}
			return append(found, r.leftOut(func(_ load, failed bool) bool { return failed }, "only a reload that failed has come since")...)
		},
	}
}

// lastFailed reports whether the last reload to end before an instant failed.
func (r *Run) lastFailed(at time.Duration) bool {
	failed, when := false, time.Duration(-1)
	for _, o := range r.Observations {
		if o.At > at || o.At < when {
			continue
		}
		switch o.Fact.(type) {
		case trace.ReloadFailed:
			failed, when = true, o.At
		case trace.ProviderLoaded, trace.Reloaded:
			failed, when = false, o.At
		}
	}
	return failed
}

// alone reports whether no other reload was under way together with one.
func (r *Run) alone(number int) bool {
	all := r.reloads()
	if number < 1 || number > len(all) {
		return true // nobody numbered them
	}
	one := all[number-1]
	for i, other := range all {
		if i != number-1 && other.began <= one.at && one.began <= other.at {
			return false
		}
	}
	return true
}
