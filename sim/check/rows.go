package check

import (
	"net/url"
	"slices"
	"strings"

	"github.com/gatedrill/gatedrill/sim/trace"
)

func badRowAlone() Check {
	return Check{
		Name:     "bad-row-alone",
		Sentence: "A row that is wrong excludes itself only, and of two rows with one host the first has it.",
		find: func(r *Run) []Finding {
			var found []Finding
			for _, l := range r.loads() {
				for i, row := range l.rows {
					if why := misjudged(l.rows, i); why != "" {
						found = append(found, findingf(l.step, "%s is %s: %s", row.Name, row.Status, why))
					}
				}
			}
			for _, o := range r.Observations {
				if f, ok := o.Fact.(trace.ReloadFailed); ok && !f.Excused && f.Reload > 0 && !r.stopped(o.At) {
					found = append(found, findingf(o.Step, "the source had rows, and the reload failed: %s", f.Err))
				}
			}
			return append(found, r.leftOut(func(l load, failed bool) bool { return !failed && !l.clean() }, "a row beside its own is wrong")...)
		},
	}
}

// misjudged says why the status of a row cannot be right; "": it may be, or nobody saw
// it.
func misjudged(rows []trace.ProviderLoaded, i int) string {
	row := rows[i]
	if row.Status == trace.Unobserved || row.URL == "" {
		return ""
	}
	host := canonicalHost(row)
	same := func(other trace.ProviderLoaded) bool { return host != "" && canonicalHost(other) == host }
	switch {
	case row.Off:
		if row.Status == "enabled" {
			return "it is switched off"
		}
	case row.Status == "enabled":
		if j := slices.IndexFunc(rows[:i], func(other trace.ProviderLoaded) bool { return other.Status == "enabled" && same(other) }); j >= 0 {
			return "the host is " + rows[j].Name + "'s, which comes before it"
		}
	case sound(row) && !clashes(rows, i):
		return "nothing is wrong with it, and nobody else has its name or its host"
	}
	return ""
}

// clashes reports whether another row has the name of a row, or its host.
func clashes(rows []trace.ProviderLoaded, i int) bool {
	host := canonicalHost(rows[i])
	for j, other := range rows {
		if j != i && (other.Name == rows[i].Name || canonicalHost(other) == host) {
			return true
		}
	}
	return false
}

// sound reports whether nothing is wrong with a row by itself.
func sound(row trace.ProviderLoaded) bool {
	u, err := url.Parse(row.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	for i, k := range row.Keys {
		if slices.Contains(row.Keys[:i], k) {
			return false
		}
	}
	return !row.Off && !row.Empty && row.Name != "" && slices.Contains([]string{"openai", "anthropic", "copilot"}, row.Type)
}

// canonicalHost is a row's host as it is compared (RFC 4343); "": it has none.
func canonicalHost(row trace.ProviderLoaded) string {
	u, err := url.Parse(row.URL)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
}

// clean reports whether every row of a snapshot is sound, and none clashes.
func (l load) clean() bool {
	for i, row := range l.rows {
		if !row.Off && (!sound(row) || clashes(l.rows, i)) {
			return false
		}
	}
	return true
}

// leftOut finds tunnels to a provider's host that nobody read, where the snapshots of
// that time are of the kind that is asked for. A row counts that is sound whatever
// stands beside it.
func (r *Run) leftOut(kind func(l load, failed bool) bool, because string) []Finding {
	var found []Finding
	for _, o := range r.Observations {
		f, ok := o.Fact.(trace.TunnelOpened)
		if !ok || f.Intercepted || strings.HasSuffix(f.Host, ":80") {
			continue
		}
		live := r.candidates(f.Asked, o.At)
		if len(live) != 1 || !kind(live[0].load, r.lastFailed(f.Asked)) {
			continue
		}
		for i, row := range live[0].rows {
			if row.Routes() && canonicalHost(row) == hostOf(f.Host) && row.URL != "" && sound(row) && !clashes(live[0].rows, i) {
				found = append(found, findingf(o.Step, "%s's tunnel to %s is not read, and %s has the host: %s", f.Client, f.Host, row.Name, because))
			}
		}
	}
	return found
}
