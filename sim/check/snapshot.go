package check

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

func snapshotIsWhole() Check {
	return Check{
		Name:     "snapshot-is-whole",
		Sentence: "Each request goes by a single snapshot, whole, and no later request by an older one.",
		Bugs:     []string{"maximhq/bifrost#2575", "router-for-me/CLIProxyAPI@a3c87ceeb"},
		find: func(r *Run) []Finding {
			var found []Finding
			newest, since := 0, time.Duration(0)
			pool := r.everPooled()
			for _, x := range r.exchanges() {
				seen := r.snapshotsOf(x, pool)
				switch {
				case seen == nil:
					continue
				case len(seen) == 0:
					found = append(found, findingf(x.step, "%s's request to %s was sent on as no single snapshot says: %s",
						x.sent.Client, x.sent.Host, x.sentOn()))
				case seen[len(seen)-1] < newest && x.at > since:
					found = append(found, findingf(x.step, "%s's request to %s went by reload %d, after another had gone by reload %d",
						x.sent.Client, x.sent.Host, seen[len(seen)-1], newest))
				case seen[0] > newest:
					newest, since = seen[0], x.attempts[0].Arrived
				}
			}
			return found
		},
	}
}

// snapshotsOf are the numbers of the snapshots by which a request may have gone, in
// order; nil: it went with no pool's key, or nobody can say. None at all is what half a
// reload looks like: the keys are those of one snapshot, and the way is another's.
func (r *Run) snapshotsOf(x *exchange, pool map[string]bool) []int {
	pooled := slices.ContainsFunc(x.attempts, func(a attempt) bool { return pool[a.Key] })
	if !pooled || x.sent.OwnKey != "" || x.sent.Way == trace.WayBaseURL || x.sent.Way == trace.WayRaw {
		return nil
	}
	list := []int{}
	keys, way := false, false
	for _, l := range r.candidates(x.at, x.attempts[0].Arrived) {
		whole := false
		for _, row := range l.owners(hostOf(x.sent.Host)) {
			keyed, led := x.keyedBy(row), x.ledBy(row)
			keys, way, whole = keys || keyed, way || led, whole || keyed && led
		}
		if whole {
			list = append(list, l.n)
		}
	}
	if len(list) == 0 && !(keys && way) {
		return nil // other checks know better what that is
	}
	return list
}

// keyedBy reports whether each attempt of a request went with a key of a row.
func (x *exchange) keyedBy(row trace.ProviderLoaded) bool {
	return !slices.ContainsFunc(x.attempts, func(a attempt) bool { return !slices.Contains(row.Keys, a.Key) })
}

// ledBy reports whether each attempt of a request went where a row leads.
func (x *exchange) ledBy(row trace.ProviderLoaded) bool {
	base, err := url.Parse(row.URL)
	return !slices.ContainsFunc(x.attempts, func(a attempt) bool {
		path := err != nil || strings.HasPrefix(a.Target, strings.TrimRight(base.EscapedPath(), "/"))
		return hostOf(a.Host) != row.Host || !path
	})
}

// sentOn says what became of a request.
func (x *exchange) sentOn() string {
	var parts []string
	for _, a := range x.attempts {
		parts = append(parts, "key "+a.Key+" to "+a.Host+a.Target)
	}
	return strings.Join(parts, ", then ")
}

func (r *Run) readPooled() map[string]bool {
	pool := map[string]bool{}
	for _, k := range r.poolKeys() {
		pool[k.Alias] = true
	}
	for _, l := range r.loads() {
		for _, row := range l.rows {
			for _, k := range row.Keys {
				pool[k] = true
			}
		}
	}
	return pool
}
