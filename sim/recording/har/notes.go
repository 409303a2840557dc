package har

import (
	"fmt"
	"strings"

	"github.com/gatedrill/gatedrill/sim/recording"
)

// Known is what can be judged of what a gateway did: of clients their answers, of upstreams
// the attempts.
func (i *Import) Known() recording.Known {
	if i.As == AsUpstream {
		return recording.KnownAttempts
	}
	return recording.KnownAnswers
}

// count writes a number of things.
func count(n int, thing string) string {
	switch {
	case n == 1:
		return "1 " + thing
	case strings.HasSuffix(thing, "y"):
		thing = strings.TrimSuffix(thing, "y") + "ie"
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// notes say what was assumed.
func (b *builder) notes(taken []*entry) (notes []string) {
	say := func(n int, format string, args ...any) {
		if n > 0 {
			notes = append(notes, fmt.Sprintf(format, args...))
		}
	}
	if b.as == AsClient {
		say(1, "The HAR is taken for what clients of a gateway saw (--as client): which keys it has and what it asked of upstreams is not in it. "+
			"Each host is assumed to be a provider with one key, and each answer to be that key's.")
		say(1, "Only what clients were told can be judged: statuses, and a Retry-After where there was one, give or take the second that latency leaves open.")
	} else {
		say(1, "The HAR is taken for what went from a gateway to its upstreams (--as upstream): what its clients asked and were told is not in it. "+
			"A pool has the keys that were seen, in the order in which they were.")
		say(1, "Only attempts can be judged: their order, keys and statuses.")
		say(b.joined, "The next attempt of the same request is assumed in %s within a second of a refused one, with another key and the same text.", count(b.joined, "attempt"))
		say(b.keyless, "One key is assumed for %s without a credential (browsers leave them out when they export).", count(b.keyless, "request"))
	}
	say(b.untried, "No upstream is assumed to have been asked for %s of 429 during the wait that an earlier one had named.", count(b.untried, "answer"))
	say(b.rounded, "The wait of %s of 429 is taken to have been over when the next request was served: it named none, or this was in its last second.", count(b.rounded, "answer"))
	say(b.own, "A bad credential of the client's own is assumed for %s refused with 401 or 403.", count(b.own, "request"))
	say(b.gone, "The client is assumed to have given up %s without an answer.", count(b.gone, "request"))
	say(b.again, "A request of its own is made of %s that a client says it made (X-Stainless-Retry-Count).", count(b.again, "retry"))
	say(b.streams, "A HAR does not say when the pieces of a stream came: events are spread evenly over the time that receiving took.")
	say(b.silent, "Nobody knows how many events %s without text had: one is assumed.", count(b.silent, "stream"))
	say(b.cut, "The end is assumed to be missing from %s without its vendor's last event.", count(b.cut, "stream"))
	say(b.changed, "http, and ports other than 443, are played as https and 443.")
	for i := 1; i < len(taken); i++ {
		if taken[i].number < taken[i-1].number {
			say(1, "The entries of the HAR were not in order; they are played by their dates.")
			break
		}
	}
	return notes
}
