package check

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

// Metrics names the series of a gateway that checks can hold against what the
// witnesses saw. "" means that the gateway has none such; each has a label provider.
type Metrics struct {
	Keys      string // a gauge: keys of a pool, by the label state: available, cooling, disabled
	Requests  string // a counter: requests that were given to the bridge
	Failovers string // a counter: requests that moved on to another key
}

// labels reads those of a series, as Sample has it: the name, then each label with its
// value, which is quoted where it is not one word.
func (s Sample) labels() map[string]string {
	all := map[string]string{}
	_, rest, _ := strings.Cut(s.Series, " ")
	for rest != "" {
		name, value, ok := strings.Cut(rest, "=")
		if !ok {
			return all
		}
		if quoted, err := strconv.QuotedPrefix(value); err == nil {
			all[name], _ = strconv.Unquote(quoted)
			rest = strings.TrimPrefix(value[len(quoted):], " ")
			continue
		}
		all[name], rest, _ = strings.Cut(value, " ")
	}
	return all
}

// providerLabel is the provider that a series is of; "": of none.
func (r *Run) providerLabel(s Sample) string {
	labels := r.labels(s)
	if name := labels["provider"]; name != "" {
		return name
	}
	return labels["provider_name"]
}

// miscounted finds providers for which a counter says at the end something else than
// the witnesses. Only a provider is judged that was there from its first request on.
func (r *Run) miscounted(metric string, seen map[string]int) []Finding {
	if metric == "" {
		return nil
	}
	var found []Finding
	sums, told := map[string]float64{}, []string{}
	for s := range r.Metrics.All() {
		if s.Name != metric || s.Step >= 0 {
			continue
		}
		name := r.providerLabel(s)
		if !slices.Contains(told, name) {
			told = append(told, name)
		}
		sums[name] += s.Value
	}
	for _, name := range told {
		if n, ok := seen[name]; ok && r.alwaysThere(name) && sums[name] != float64(n) {
			found = append(found, findingf(-1, "%s of %s is %v at the end, and the witnesses saw %d", metric, name, sums[name], n))
		}
	}
	return found
}

// alwaysThere reports whether a provider was in every snapshot since its first, in one
// row.
func (r *Run) alwaysThere(name string) bool {
	seen := false
	for _, l := range r.loads() {
		n := 0
		for _, row := range l.rows {
			if row.Name == name {
				n++
			}
		}
		if n > 1 || seen && n == 0 {
			return false
		}
		seen = seen || n == 1
	}
	return seen
}

// failovers counts, by provider, the steps from one key to another that the witnesses
// saw. Nil for a provider of which one request cannot be told apart from another's.
func (r *Run) failovers() map[string]int {
	seen := map[string]int{}
	for _, l := range r.loads() {
		for _, row := range l.rows {
			seen[row.Name] = 0
		}
	}
	unsure := map[string]bool{}
	for _, x := range r.exchanges() {
		name, ok := r.providerOf(x)
		switch {
		case !ok:
			return nil
		case name == "":
			continue
		case x.got == nil || x.got.Err != "":
			unsure[name] = true // it may have been on its way to another key
		}
		for i := 1; i < len(x.attempts); i++ {
			if x.attempts[i].Key != x.attempts[i-1].Key {
				seen[name]++
			}
		}
		if n := len(x.attempts); n > 0 && x.got != nil && x.got.Status != x.attempts[n-1].Status && x.sent.OwnKey == "" {
			if rest, out := r.Intent.judge(x.attempts[n-1].Status, x.attempts[n-1].Codes); (rest > 0 || out) && !r.refused(x) {
				unsure[name] = true
			}
			if x.got.Status == 502 || x.got.Status == 504 {
				unsure[name] = true // another key may have been tried in vain, unseen
			}
		}
	}
	for name := range unsure {
		delete(seen, name)
	}
	return seen
}

// providerOf is whose a request was; "": nobody's. ok is false where a reload was under
// way, so that nobody can say.
func (r *Run) providerOf(x *exchange) (name string, ok bool) {
	to := x.at
	if len(x.attempts) > 0 {
		to = x.attempts[0].Arrived
	}
	live := r.candidates(x.at, to)
	owners := live[0].owners(hostOf(x.sent.Host))
	switch {
	case len(live) > 1, len(owners) > 1, x.sent.Way == trace.WayBaseURL:
		return "", false
	case len(owners) == 0 || x.sent.Way == trace.WayRaw:
		return "", true
	}
	return owners[0].Name, true
}

// settledAt is the one snapshot that was live at an instant; ok is false while a reload
// was under way.
func (r *Run) settledAt(at time.Duration) (l load, ok bool) {
	live := r.candidates(at, at)
	return live[0].load, len(live) == 1
}
