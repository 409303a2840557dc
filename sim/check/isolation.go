package check

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

func attemptsAreIsolated() Check {
	return Check{
		Name:     "attempts-are-isolated",
		Sentence: "One attempt's end or header never affects the next, nor the answer that the client gets.",
		Bugs:     []string{"maximhq/bifrost#4911"},
		find: func(r *Run) []Finding {
			var found []Finding
			for _, x := range r.exchanges() {
				if len(x.attempts) < 2 {
					continue
				}
				last := x.attempts[len(x.attempts)-1]
				rest, out := r.Intent.judge(last.Status, last.Codes) // then the answer is the gateway's own
				if x.got != nil && x.got.Status == last.Status && rest == 0 && !out {
					for i, a := range x.attempts[:len(x.attempts)-1] {
						for _, name := range leaked(a.Answer, last.Answer, x.got.Header) {
							found = append(found, findingf(x.step, "%s got the header %s of attempt %d, whose answer was discarded", x.sent.Client, name, i+1))
						}
					}
				}
				if r.abandoned(x, last) {
					found = append(found, findingf(x.step, "%s was left in the middle of attempt %d, and %s had not gone away", last.Host, len(x.attempts), x.sent.Client))
				}
			}
			return found
		},
	}
}

// leaked are the headers of a discarded answer that a client got and the answer that it
// should have got has not.
func leaked(discarded, last, got http.Header) []string {
	var names []string
	for name, values := range discarded {
		if len(values) > 0 && len(last.Values(name)) == 0 && slices.Equal(got.Values(name), values) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// abandoned reports whether an attempt that was answered at once, and went well, was
// given up by the gateway although its client waited.
func (r *Run) abandoned(x *exchange, last attempt) bool {
	const atOnce = time.Second // no gateway gives up so soon
	return last.ended.Left && last.ended.Broke == "" && !last.Broken && last.ended.Status != 0 &&
		!x.left && !x.sent.Stops && last.endedAt-last.Arrived < atOnce &&
		!r.disturbed(x.at, last.endedAt) && !r.stopped(last.endedAt) && x.sent.Method != http.MethodHead
}

func callerIsolation() Check {
	return Check{
		Name:     "caller-isolation",
		Sentence: "Nothing of one caller reaches another's request.",
		Bugs:     []string{"BerriAI/litellm#36794"},
		find: func(r *Run) []Finding {
			var found []Finding
			all, pool := r.exchanges(), r.everPooled()
			sent := whoSent(all)
			for _, x := range all {
				for _, a := range x.attempts {
					if !sent.elsewhere(x, a) {
						continue
					}
					for _, other := range all {
						if other.sent.Client == x.sent.Client {
							continue
						}
						if a.Key == other.sent.OwnKey && a.Key != "unknown" && a.Key != x.sent.OwnKey && !pool[a.Key] {
							found = append(found, findingf(x.step, "%s's request went with key %s, which is %s's own", x.sent.Client, a.Key, other.sent.Client))
						}
						for _, name := range foreign(a.Header, x.sent, other.sent) {
							found = append(found, findingf(x.step, "%s's request went with the header %s of %s", x.sent.Client, name, other.sent.Client))
						}
					}
				}
			}
			return slices.Compact(found)
		},
	}
}

// senders are the clients that sent an own key, or a header to the letter; "": several.
type senders map[string]string

func whoSent(all []*exchange) senders {
	s := senders{}
	for _, x := range all {
		s.note("key "+x.sent.OwnKey, x.sent.Client)
		for name, values := range x.sent.Header {
			s.note(headerText(name, values), x.sent.Client)
		}
	}
	return s
}

func (s senders) note(text, client string) {
	if before, ok := s[text]; ok && before != client {
		client = ""
	}
	s[text] = client
}

// elsewhere reports whether an attempt of a request has something that another client sent:
// most have not, and a look at every pair of requests would take a long run for ever.
func (s senders) elsewhere(x *exchange, a attempt) bool {
	others := func(text string) bool {
		client, ok := s[text]
		return ok && client != x.sent.Client
	}
	if others("key " + a.Key) {
		return true
	}
	for name, values := range a.Header {
		if !gatewaysOwn(name) && others(headerText(name, values)) {
			return true
		}
	}
	return false
}

func headerText(name string, values []string) string {
	return "header " + name + "\x00" + strings.Join(values, "\x00")
}

// foreign are the headers that went with a request, and that its client had not sent
// and another had, to the letter.
func foreign(went http.Header, own, other trace.RequestSent) []string {
	const telling = 8 // bytes; shorter ones are alike by chance
	var names []string
	for name, values := range went {
		if gatewaysOwn(name) || len(values) == 0 || slices.Equal(values, own.Header.Values(name)) || !slices.Equal(values, other.Header.Values(name)) {
			continue
		}
		if len(values[0]) >= telling {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// gatewaysOwn reports whether gateways write a header themselves.
func gatewaysOwn(name string) bool {
	return slices.Contains([]string{"Accept-Encoding", "User-Agent", "Content-Type", "Content-Length", "Transfer-Encoding", "Host", "Connection", "Via",
		"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Authorization", "X-Api-Key", "Anthropic-Version"}, name)
}
