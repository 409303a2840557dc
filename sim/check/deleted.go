package check

import (
	"slices"
	"time"
)

func deletedDisappears() Check {
	return Check{
		Name:     "deleted-disappears",
		Sentence: "After a reload nothing of a deleted provider is left but its requests in flight: no key, no metric.",
		Bugs:     []string{"agentgateway@efe5cd76d", "router-for-me/CLIProxyAPI@b8fbe70b3"},
		find: func(r *Run) []Finding {
			var found []Finding
			all, pool := r.exchanges(), r.everPooled()
			for _, x := range all {
				for _, a := range x.attempts {
					if pool[a.Key] && a.Key != x.sent.OwnKey && !r.everHas(a.Key, x.at, a.Arrived) {
						found = append(found, findingf(x.step, "%s got pool key %s, whose provider was deleted before the request was sent", a.Host, a.Key))
					}
				}
			}
			told := map[string]bool{}
			for s := range r.Metrics.All() {
				if s.Value == 0 || told[s.Series] {
					continue
				}
				if name := r.providerLabel(s); name != "" && r.wasDeleted(name, s.At) && !inFlight(all, s.At) {
					told[s.Series] = true
					found = append(found, findingf(s.Step, "%s is still %v, and the provider is gone", s.Series, s.Value))
				}
			}
			return found
		},
	}
}

// everHas reports whether a snapshot that may have been live in a span has the key.
func (r *Run) everHas(key string, from, to time.Duration) bool {
	return slices.ContainsFunc(r.candidates(from, to), func(l numbered) bool { return l.has(key) })
}

// wasDeleted reports whether a provider had been live before an instant, and no
// snapshot that may be live then has a row of its name.
func (r *Run) wasDeleted(name string, at time.Duration) bool {
	before := slices.ContainsFunc(r.loads(), func(l load) bool { return l.at < at && l.named(name) })
	return before && !slices.ContainsFunc(r.candidates(at, at), func(l numbered) bool { return l.named(name) })
}

// inFlight reports whether some request was under way at an instant.
func inFlight(all []*exchange, at time.Duration) bool {
	return slices.ContainsFunc(all, func(x *exchange) bool {
		ended := x.got != nil && x.gotAt < at || x.left && x.leftAt < at // at one instant the clock cannot tell
		return x.at <= at && !ended
	})
}
