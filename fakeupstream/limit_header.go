package fakeupstream

import (
	"strconv"
	"time"
)

// limitHeaders are the headers of rate limits, in canonical form. A vendor that sends one of a name has it rewritten, so
// that it agrees with the limits; one that sends none is sent none.
type limitHeaders struct {
	counts                  counted
	limit, remaining, reset string
	rfc3339                 bool // reset is an instant, and otherwise a duration as Go writes it
}

func allLimitHeaders() [6]limitHeaders {
	return [...]limitHeaders{
		{countsRequests, "X-Ratelimit-Limit-Requests", "X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests", false},
		{countsTokens, "X-Ratelimit-Limit-Tokens", "X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens", false},
		{countsRequests, "Anthropic-Ratelimit-Requests-Limit", "Anthropic-Ratelimit-Requests-Remaining", "Anthropic-Ratelimit-Requests-Reset", true},
		{countsTokens, "Anthropic-Ratelimit-Tokens-Limit", "Anthropic-Ratelimit-Tokens-Remaining", "Anthropic-Ratelimit-Tokens-Reset", true},
		{countsInput, "Anthropic-Ratelimit-Input-Tokens-Limit", "Anthropic-Ratelimit-Input-Tokens-Remaining", "Anthropic-Ratelimit-Input-Tokens-Reset", true},
		{countsOutput, "Anthropic-Ratelimit-Output-Tokens-Limit", "Anthropic-Ratelimit-Output-Tokens-Remaining", "Anthropic-Ratelimit-Output-Tokens-Reset", true},
	}
}

// fill writes what the limits had left when the request was decided over what the vendor would say. What nobody limits stays as the vendor says it,
// less what it would say of a 429: that one's own limit is the one that is used up. Resets are rounded up, to the
// millisecond and, for instants, to the second.
func (rs *readings) fill(h fields, now time.Time) {
	for _, f := range allLimitHeaders() {
		r := rs.of[f.counts]
		if !r.known {
			if !rs.refused {
				continue
			}
			n, err := strconv.ParseInt(h.get(f.limit), 10, 64)
			if err != nil {
				continue
			}
			r = reading{limit: n, remaining: n, full: now}
		}
		reset := ""
		if left := max(r.full.Sub(now), 0); f.rfc3339 {
			at := now.Add(left)
			reset = at.Add(roundUp(time.Duration(at.Nanosecond()), time.Second) - time.Duration(at.Nanosecond())).UTC().Format(time.RFC3339)
		} else {
			reset = roundUp(left, time.Millisecond).String()
		}
		h.replace(f.limit, strconv.FormatInt(r.limit, 10))
		h.replace(f.remaining, strconv.FormatInt(r.remaining, 10))
		h.replace(f.reset, reset)
	}
}
