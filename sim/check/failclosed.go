package check

import (
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

func failClosed() Check {
	return Check{
		Name:     "fail-closed",
		Sentence: "A host that no provider has is not intercepted, and gets no key and no bridge.",
		find: func(r *Run) []Finding {
			var found []Finding
			for _, o := range r.Observations {
				f, ok := o.Fact.(trace.TunnelOpened)
				if ok && f.Intercepted && !r.owned(hostOf(f.Host), f.Asked, o.At) {
					found = append(found, findingf(o.Step, "%s's tunnel to %s is read, and no provider has the host", f.Client, f.Host))
				}
			}
			pool := r.everPooled()
			for _, x := range r.exchanges() {
				if len(x.attempts) == 0 || x.sent.Way == trace.WayBaseURL || r.owned(hostOf(x.sent.Host), x.at, x.attempts[0].Arrived) {
					continue
				}
				if a := x.attempts[0]; a.Key != x.sent.OwnKey && pool[a.Key] {
					found = append(found, findingf(x.step, "%s's request to %s got pool key %s, and no provider has the host", x.sent.Client, x.sent.Host, a.Key))
				}
			}
			return found
		},
	}
}

// owned reports whether some provider may have had a host at some time of a span.
func (r *Run) owned(host string, from, to time.Duration) bool {
	for _, l := range r.candidates(from, to) {
		for _, row := range l.rows {
			if row.Routes() && (row.Host == host || canonicalHost(row) == host) {
				return true
			}
		}
	}
	return false
}
