package check

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

// aPause is what counts as a pause between two events: far more than a message
// takes in a world, far less than a person would script.
const aPause = time.Millisecond

func streamFlows() Check {
	return Check{
		Name:     "stream-flows",
		Sentence: "An event reaches the client before the next one is sent, whenever the upstream pauses between them.",
		find: func(r *Run) []Finding {
			var found []Finding
			sent, got := r.events()
			for _, x := range r.exchanges() {
				if len(x.attempts) == 0 || x.got != nil && !isStream(x.got.Header) {
					continue
				}
				last := x.attempts[len(x.attempts)-1]
				if r.disturbed(x.at, max(x.gotAt, x.leftAt)) {
					continue // a link that takes its time may bring two events at once
				}
				out, in := sent[answerID{last.Host, last.Attempt}], got[x.sent.ID]
				if n := x.bunched(out, in); n > 0 {
					found = append(found, findingf(x.step, "%s sent event %d, then paused for %s and sent the next one: %s had not got it by then",
						last.Host, n, out[n].at-out[n-1].at, x.sent.Client))
				}
			}
			return found
		},
	}
}

// bunched is the number of the first event that came together with a later one,
// although the upstream had paused; 0: there is none. A network that takes its
// time shifts all events alike, and is nobody's fault.
func (x *exchange) bunched(out, in []eventAt) int {
	for i := 0; i+1 < len(out); i++ {
		pause := out[i+1].at - out[i].at
		switch {
		case pause < aPause:
		case i+1 < len(in):
			if in[i].at >= out[i+1].at && in[i+1].at-in[i].at < pause/2 {
				return out[i].n
			}
		case i < len(in):
		case x.left && x.leftAt > out[i+1].at+aPause:
			return out[i].n
		}
	}
	return 0
}

func isStream(h http.Header) bool {
	return strings.HasPrefix(h.Get("Content-Type"), "text/event-stream") && h.Get("Content-Encoding") == ""
}

// eventAt is when the n-th event of an answer was seen.
type eventAt struct {
	n  int
	at time.Duration
}

// answerID is one answer of one upstream.
type answerID struct {
	host    string
	attempt int
}

// events are those that upstreams sent, by answer, and that clients got, by
// request.
func (r *Run) events() (sent map[answerID][]eventAt, got map[string][]eventAt) {
	sent, got = map[answerID][]eventAt{}, map[string][]eventAt{}
	for _, o := range r.Observations {
		switch f := o.Fact.(type) {
		case trace.UpstreamSentEvent:
			id := answerID{f.Host, f.Attempt}
			sent[id] = append(sent[id], eventAt{f.N, o.At})
		case trace.ClientGotEvent:
			got[f.ID] = append(got[f.ID], eventAt{f.N, o.At})
		}
	}
	return sent, got
}

func truncationIsVisible() Check {
	return Check{
		Name:     "truncation-is-visible",
		Sentence: "An answer that broke off at the upstream never looks like a whole one to the client.",
		Bugs:     []string{"maximhq/bifrost#5546"},
		find: func(r *Run) []Finding {
			found := r.otherLength(func(x *exchange, promised, came int) bool {
				return x.got.Status < 400 && came < promised
			})
			for _, x := range r.exchanges() {
				if len(x.attempts) == 0 || x.got == nil || x.got.Err != "" || x.sent.Method == http.MethodHead {
					continue
				}
				last := x.attempts[len(x.attempts)-1]
				if rest, out := r.Intent.judge(last.Status, last.Codes); (rest > 0 || out) && x.sent.OwnKey == "" {
					continue // what the client got may be the gateway's own answer
				}
				if last.Status != 0 && last.Status == x.got.Status && last.brokeOff() && !last.wasWhole(x.got.Body) {
					found = append(found, findingf(x.step, "%s %s, and %s got %d as if it were whole", last.Host, last.ended.Broke, x.sent.Client, x.got.Status))
				}
			}
			return found
		},
	}
}

// brokeOff reports whether the answer ended before its end.
func (a attempt) brokeOff() bool {
	return slices.ContainsFunc(strings.Split(a.ended.Broke, ", "), func(what string) bool {
		return slices.ContainsFunc([]string{"reset ", "closed ", "half closed ", "truncated "}, func(past string) bool {
			return strings.HasPrefix(what, past)
		})
	})
}

// wasWhole reports whether every byte of the body was out all the same.
func (a attempt) wasWhole(got trace.Body) bool {
	n, err := strconv.Atoi(a.Answer.Get("Content-Length"))
	return err == nil && n == len(got.Bytes)
}

func nothingAfterCommit() Check {
	return Check{
		Name:     "nothing-after-commit",
		Sentence: "Once the head of an answer has gone to the client, no other upstream is asked.",
		Bugs:     []string{"BerriAI/litellm#32835"},
		find: func(r *Run) []Finding {
			var found []Finding
			for _, x := range r.exchanges() {
				for _, a := range x.attempts {
					if x.began && a.Arrived > x.beganAt && !r.disturbed(x.at, a.Arrived) { // it may have been on its way
						found = append(found, findingf(x.step, "%s was asked with key %s for %s, who had begun to get an answer",
							a.Host, a.Key, x.sent.Client))
					}
				}
			}
			return found
		},
	}
}
