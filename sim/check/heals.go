package check

import (
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

// readHeals finds the instants at which an operator took the marks off each key.
func (r *Run) readHeals() map[string][]time.Duration {
	list := map[string][]time.Duration{}
	for _, o := range r.Observations {
		if f, ok := o.Fact.(trace.KeyHealed); ok && f.State == trace.Healed {
			list[f.Key] = append(list[f.Key], o.At)
		}
	}
	return list
}

// healed notes of a key's refusals which heal came after each. Of one that was under
// way then, nobody knows whether it counts.
func (r *Run) healed(key string, seen []refusal) {
	for _, at := range r.heals(key) {
		for i := range seen {
			switch s := &seen[i]; {
			case s.healed > 0 || s.arrived > at:
			case s.told <= at && s.known && !r.wasAway(key, s.at, at): // else it may be another's that was healed
				s.healed = at
			case s.doubt == 0:
				s.doubt = at
			}
		}
	}
}

// over reports whether a heal has taken a mark off before an instant.
func (s refusal) over(now time.Duration) bool { return s.healed > 0 && s.healed < now }

// dubious reports whether nobody can say at an instant whether a mark counts.
func (s refusal) dubious(now time.Duration) bool { return s.doubt > 0 && s.doubt <= now }
