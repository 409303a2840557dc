package fakeupstream

import (
	"net"
	"net/http"
	"slices"
)

// ask returns what limits look at in the exchange.
func (s *script) ask(d dialect, x *exchange, r *http.Request, path string, body *cameBody) asking {
	a := asking{
		now: x.now, began: s.began, vendor: d.vendor(), key: x.key, path: path, model: x.asked.Model,
		address: addressOf(r), input: int64(x.inputTokens()),
	}
	if body == nil { // it was not read
		a.input = max(r.ContentLength, 0)/4 + 1
	}
	if s.reserves {
		a.reserved = reservation(a.vendor, x.body.bytes, a.input)
	}
	return a
}

// addressOf is the requester's address, without its port.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// limited tells whether the script has limits at all.
func (s *script) limited() bool { return len(s.limits) > 0 || len(s.byAnswer) > 0 }

// answer decides what is answered to an exchange: by the first limit that refuses it, or else by the rules of its key.
// What the vendor refuses for what it is, as an answer with Strict has it, costs nothing either: it does not come to
// the model.
func (s *script) answer(d dialect, x *exchange, a *asking) (rule, why string) {
	meters := s.metersOf(a)
	if no := refused(meters, a); no.by != nil {
		x.answer = s.refuse(d, x, a, meters, no)
		return no.by.text, ""
	}
	answer, rule, why := s.next(x.method, a.key, a.path, a.model)
	if why != "" {
		return rule, why
	}
	if answer.Limit != nil {
		m := s.byAnswer[answer.Limit].meter(a)
		meters = append(meters, m)
		if no := m.check(a); no.by != nil {
			x.answer = s.refuse(d, x, a, meters, no)
			return rule, ""
		}
	}
	x.answer, x.from = *answer, answer
	if x.refusedBy(d, x.answer) != nil {
		for _, m := range meters {
			m.read(&x.limits, a.now)
		}
		return rule, ""
	}
	input, limited := inputTokens(d, x, a.input)
	c := a.takes(input, limited, outputTokens(d, x))
	for _, m := range meters {
		m.take(c)
		m.read(&x.limits, a.now)
		if m.of.Concurrent > 0 {
			x.underWay = append(x.underWay, m)
		}
	}
	return rule, ""
}

// metersOf returns the meters that a request is on, in the order of the lines. They are good until it is called again.
func (s *script) metersOf(a *asking) []*meter {
	s.meters = s.meters[:0]
	for _, l := range s.limits {
		if l.covers(a) {
			s.meters = append(s.meters, l.meter(a))
		}
	}
	return s.meters
}

// refused returns why a request does not pass.
func refused(meters []*meter, a *asking) (worst denial) {
	for _, kinds := range [...][]LimitKind{{LimitRevoked}, {LimitWindow}, {LimitQuota, LimitRate}} {
		for _, m := range meters {
			if !slices.Contains(kinds, m.of.Kind) {
				continue
			}
			if no := m.check(a); no.by != nil && (worst.by == nil || no.wait > worst.wait) {
				worst = no
			}
		}
		if worst.by != nil {
			break
		}
	}
	return worst
}

// refuse returns the answer to a request that does not pass.
func (s *script) refuse(d dialect, x *exchange, a *asking, meters []*meter, no denial) Answer {
	for _, m := range meters {
		m.read(&x.limits, a.now)
	}
	x.limits.refused = true
	return no.answer(d, x)
}

// leave ends what the exchange had under way.
func (u *Upstream) leave(x *exchange) {
	if len(x.underWay) == 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, m := range x.underWay {
		m.underWay--
	}
}
