package check

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
)

func oncePerRequest() Check {
	return Check{
		Name:     "once-per-request",
		Sentence: "A key is tried at most once in a request.",
		Bugs:     []string{"alibaba/higress#1802"},
		find: func(r *Run) []Finding {
			var found []Finding
			for _, x := range r.exchanges() {
				tried := map[string]int{}
				for _, a := range x.tries() {
					if tried[a.Key]++; tried[a.Key] == 2 {
						found = append(found, findingf(x.step, "%s's %s %s went to %s with key %s more than once",
							x.sent.Client, x.sent.Method, x.sent.Target, a.Host, a.Key))
					}
				}
			}
			return found
		},
	}
}

// tries are the attempts, less those on a connection that ended without a byte of an
// answer and that were sent once more with the same key: net/http takes such a
// connection for one that had been closed while it was idle.
func (x *exchange) tries() []attempt {
	var list []attempt
	for _, a := range x.attempts {
		if n := len(list); n > 0 && list[n-1].Key == a.Key && list[n-1].Host == a.Host && list[n-1].unanswered() {
			list = list[:n-1]
		}
		list = append(list, a)
	}
	return list
}

// unanswered reports whether nothing of an answer was sent.
func (a attempt) unanswered() bool {
	return a.ended.Broke != "" && a.ended.Status == 0 && !a.ended.Left
}

func replayIsIdentical() Check {
	return Check{
		Name:     "replay-is-identical",
		Sentence: "Every attempt carries the bytes that the client sent, and the same headers but for the key.",
		Bugs:     []string{"envoyproxy/ai-gateway#1322", "envoyproxy/ai-gateway#1387"},
		find: func(r *Run) []Finding {
			var found []Finding
			for _, x := range r.exchanges() {
				for i, a := range x.attempts {
					if a.Status != 0 && !a.Unread && !bytes.Equal(a.Body.Bytes, x.sent.Body.Bytes) {
						found = append(found, findingf(x.step, "attempt %d of %s carried %d bytes (%s), the client had sent %d (%s)",
							i+1, x.sent.Client, len(a.Body.Bytes), a.Body.Hash(), len(x.sent.Body.Bytes), x.sent.Body.Hash()))
					}
					if name := otherHeader(x.attempts[0].Header, a.Header); name != "" {
						found = append(found, findingf(x.step, "attempt %d of %s has another header %s than the first: %q, and then %q",
							i+1, x.sent.Client, name, x.attempts[0].Header.Values(name), a.Header.Values(name)))
					}
				}
			}
			return found
		},
	}
}

// otherHeader is the first name, in order, under which two attempts have something
// else, the key aside; "": there is none.
func otherHeader(first, later http.Header) string {
	names := slices.Concat(slices.Collect(maps.Keys(first)), slices.Collect(maps.Keys(later)))
	slices.Sort(names)
	for _, name := range names {
		if name != "Authorization" && name != "X-Api-Key" && !slices.Equal(first.Values(name), later.Values(name)) {
			return name
		}
	}
	return ""
}

func byokIsAlone() Check {
	return Check{
		Name:     "byok-is-alone",
		Sentence: "A request with a key of its own is tried once, with that key, and its answer is untouched.",
		find: func(r *Run) []Finding {
			var found []Finding
			for _, x := range r.exchanges() {
				if x.sent.OwnKey == "" || len(x.attempts) == 0 || x.got == nil {
					continue
				}
				tries := x.tries()
				first := tries[0]
				switch {
				case len(tries) > 1:
					found = append(found, findingf(x.step, "%s brought its own key, and there were %d attempts", x.sent.Client, len(tries)))
				case first.Key != x.sent.OwnKey:
					found = append(found, findingf(x.step, "%s brought key %s, and %s got %s", x.sent.Client, x.sent.OwnKey, first.Host, first.Key))
				case first.Broken || r.disturbed(x.at, x.gotAt): // nothing whole came that could be handed on
				case x.got.Status != first.Status || x.got.Header.Get("Retry-After") != first.Answer.Get("Retry-After"):
					found = append(found, findingf(x.step, "%s brought its own key; the upstream said %d retry-after=%q, the client heard %d retry-after=%q",
						x.sent.Client, first.Status, first.Answer.Get("Retry-After"), x.got.Status, x.got.Header.Get("Retry-After")))
				}
			}
			return found
		},
	}
}

func everyRequestEnds() Check {
	return Check{
		Name:     "every-request-ends",
		Sentence: "With the upstream answering or its deadline passed, every request ends.",
		find: func(r *Run) []Finding {
			var found []Finding
			for _, x := range r.exchanges() {
				if x.left || x.sent.Stops {
					continue // its client left, or never came to its end itself
				}
				if x.got == nil || x.got.Late {
					found = append(found, findingf(x.step, "%s's %s %s never ended", x.sent.Client, x.sent.Method, x.sent.Target))
				}
			}
			return found
		},
	}
}
