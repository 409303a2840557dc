package check

import (
	"slices"
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

// heals are the instants at which an operator took the marks off a key.
func (r *Run) heals(key string) []time.Duration {
	var list []time.Duration
	for _, o := range r.Observations {
		if f, ok := o.Fact.(trace.KeyHealed); ok && f.Key == key && f.State == trace.Healed {
			list = append(list, o.At)
		}
	}
	return list
}

// unhealed leaves out of a key's refusals those that a heal came after. Of one that was
// under way then, nobody knows whether it counts.
func (r *Run) unhealed(key string, seen []refusal) []refusal {
	for _, at := range r.heals(key) {
		seen = slices.DeleteFunc(seen, func(s refusal) bool { return s.told <= at && s.known })
		for i := range seen {
			if seen[i].arrived <= at {
				seen[i].doubt, seen[i].known = true, false
			}
		}
	}
	return seen
}
