package har

import (
	"fmt"

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
		say(1, "Only what clients were told can be judged: statuses, and a Retry-After where there was one.")
	} else {
		say(1, "The HAR is taken for what went from a gateway to its upstreams (--as upstream): what its clients asked and were told is not in it. "+
			"A pool has the keys that were seen, in the order in which they were.")
		say(1, "Only attempts can be judged: their order, keys and statuses.")
		say(b.joined, "%d attempts that came within a second of a refused one, with another key and the same request, are taken for its next.", b.joined)
		say(b.keyless, "%d requests show no credential (browsers leave them out when they export): they are taken to have had one key.", b.keyless)
	}
	say(b.untried, "%d answers of 429 came during the wait that an earlier one had named: no upstream is assumed to have been asked.", b.untried)
	say(b.own, "%d requests that were refused with 401 or 403 are taken to have brought a bad credential themselves.", b.own)
	say(b.gone, "%d requests without an answer are taken to have been given up by their clients.", b.gone)
	say(b.again, "%d requests say that they are a client's retries (X-Stainless-Retry-Count); each is a request of its own.", b.again)
	say(b.streams, "A HAR does not say when the pieces of a stream came: events are spread evenly over the time that receiving took.")
	say(b.silent, "%d streams have no text in the HAR: of these nobody knows how many events they had, and one is assumed.", b.silent)
	say(b.cut, "%d streams without their vendor's last event are taken to have been cut off.", b.cut)
	say(b.changed, "http, and ports other than 443, are played as https and 443.")
	for i := 1; i < len(taken); i++ {
		if taken[i].number < taken[i-1].number {
			say(1, "The entries of the HAR were not in order; they are played by their dates.")
			break
		}
	}
	return notes
}
