package check

import (
	"strings"

	"github.com/gatedrill/gatedrill/sim/trace"
)

func gaugesBalance() Check {
	return Check{
		Name:     "gauges-balance",
		Sentence: "Gauges are never negative, what counts requests in flight is 0 at the end, and counters say what the witnesses saw.",
		Bugs:     []string{"agentgateway#1617", "envoyproxy/ai-gateway#2513"},
		find: func(r *Run) []Finding {
			var found []Finding
			for s := range r.Metrics.All() {
				switch {
				case s.Gauge && s.Value < 0:
					found = append(found, findingf(s.Step, "%s is %v", s.Series, s.Value))
				case s.Gauge && s.Step < 0 && strings.Contains(s.Name, "inflight") && s.Value != 0:
					found = append(found, findingf(s.Step, "%s is still %v with every client gone", s.Series, s.Value))
				}
			}
			return append(found, r.miscounted(r.Intent.Metrics.Requests, r.bridgings())...)
		},
	}
}

// bridgings counts, by provider, the requests that the bridge got; nil where nobody
// looked, or where one cannot be told apart from another's.
func (r *Run) bridgings() map[string]int {
	seen := map[string]int{}
	for _, o := range r.Observations {
		if _, ok := o.Fact.(trace.BridgeGot); ok {
			for _, b := range r.bridged() {
				if b.provider == "" {
					return nil
				}
				seen[b.provider]++
			}
			return seen
		}
	}
	return nil
}

func nothingLeaks() Check {
	return Check{
		Name:     "nothing-leaks",
		Sentence: "After Stop no goroutine and no connection is left.",
		Bugs:     []string{"elazarl/goproxy#256", "elazarl/goproxy#634", "elazarl/goproxy#744"},
		find: func(r *Run) []Finding {
			var found []Finding
			for _, c := range r.Open {
				found = append(found, findingf(-1, "connection %s is still open after Stop", c))
			}
			for _, g := range r.Goroutines {
				found = append(found, findingf(-1, "a goroutine is left after Stop: %s", g))
			}
			return found
		},
	}
}
