package check

import (
	"slices"
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

func recovers() Check {
	return Check{
		Name:     "recovers",
		Sentence: "Once every fault is over, whatever is asked is served again.",
		find: func(r *Run) []Finding {
			since, ok := r.quietSince()
			if !ok {
				return nil
			}
			var found []Finding
			marks := r.marks()
			for _, o := range r.Observations {
				switch f := o.Fact.(type) {
				case trace.TunnelRefused:
					if o.At > since {
						found = append(found, findingf(o.Step, "%s was refused a tunnel to %s, and every fault was over", f.Client, f.Host))
					}
				case trace.ReloadFailed:
					if o.At > since {
						found = append(found, findingf(o.Step, "a reload failed (%s), and every fault was over", f.Err))
					}
				}
			}
			for _, x := range r.exchanges() {
				if x.at <= since || x.left || x.sent.Stops || r.allOut(marks, x) || x.faulty() {
					continue
				}
				if what := x.unserved(); what != "" {
					found = append(found, findingf(x.step, "%s %s, and every fault was over", x.sent.Client, what))
				}
			}
			return found
		},
	}
}

// quietSince is when the drill said that every fault is over.
func (r *Run) quietSince() (time.Duration, bool) {
	for _, o := range r.Observations {
		if _, ok := o.Fact.(trace.Quiet); ok {
			return o.At, true
		}
	}
	return 0, false
}

// unserved says how a request did not get an upstream's answer, whole; "": it did.
func (x *exchange) unserved() string {
	switch {
	case x.got == nil || x.got.Late:
		return "never got an answer"
	case x.got.Err != "":
		return "got no whole answer (" + x.got.Err + ")"
	case len(x.attempts) == 0:
		return "got an answer of the gateway's own"
	case x.attempts[len(x.attempts)-1].Status != x.got.Status:
		return "did not get its upstream's answer"
	}
	return ""
}

// faulty reports whether an upstream still refused a request: its faults are not over,
// whatever the drill says.
func (x *exchange) faulty() bool {
	return slices.ContainsFunc(x.attempts, func(a attempt) bool { return a.Status >= 400 })
}

// allOut reports whether every key that a request could have used has been disabled, or
// may have been: what an operator has to do is not the gateway's to recover from. A key
// whose rest is not over is out as well, whatever the drill says.
func (r *Run) allOut(marks marks, x *exchange) bool {
	keys, known := r.poolOf(x)
	for _, k := range keys {
		if rest, resting := marks.at(k, x.at); !marks.everOut(k, x.at) && (!resting || rest.to <= x.at) {
			return false
		}
	}
	return len(keys) > 0 || !known
}
