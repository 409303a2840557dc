package fakeupstream

import "time"

// counted is what a bucket counts.
type counted int

const (
	countsRequests counted = iota
	countsTokens           // what a vendor takes off a limit of tokens a minute
	countsInput
	countsOutput
	countsUsage // input and output, once both are known
	countedKinds
)

// rates are the buckets of a limit.
func (l *Limit) rates() []rate {
	var out []rate
	add := func(n, burst int, r rate) {
		if n > 0 {
			r.limit, r.burst = int64(n), int64(n)
			if burst > 0 {
				r.burst = int64(burst)
			}
			out = append(out, r)
		}
	}
	ofSeconds := l.Burst
	if l.RPM > 0 {
		ofSeconds = 0
	}
	add(l.RPS, ofSeconds, rate{counts: countsRequests, per: time.Second, name: "requests per sec (RPS)"})
	add(l.RPM, l.Burst, rate{counts: countsRequests, per: time.Minute, name: "requests per min (RPM)"})
	add(l.TPM, 0, rate{counts: countsTokens, per: time.Minute, name: "tokens per min (TPM)"})
	add(l.InputTPM, 0, rate{counts: countsInput, per: time.Minute, name: "input tokens per min (ITPM)"})
	add(l.OutputTPM, 0, rate{counts: countsOutput, per: time.Minute, name: "output tokens per min (OTPM)"})
	add(l.Day, 0, rate{counts: countsRequests, name: "requests per day (RPD)"})
	add(l.DayTokens, 0, rate{counts: countsUsage, name: "tokens per day (TPD)"})
	add(l.Requests, 0, rate{counts: countsRequests, forever: true})
	add(l.Tokens, 0, rate{counts: countsUsage, forever: true})
	return out
}

// cost is what one request takes, by what is counted.
type cost [countedKinds]int64

// needs is what has to be there for a request to pass. Of what is only known afterwards, one.
func (a *asking) needs() cost {
	return cost{countsRequests: 1, countsTokens: a.reserved, countsInput: a.input, countsOutput: 1, countsUsage: 1}
}

// takes is what a request has cost that had so many tokens, of which limited count against limits of input, and whose
// answer had so many.
func (a *asking) takes(input, limited, output int64) cost {
	c := cost{countsRequests: 1, countsTokens: a.reserved, countsInput: limited, countsOutput: output, countsUsage: input + output}
	if a.vendor == Anthropic {
		c[countsTokens] = limited + output
	}
	return c
}
