package fakeupstream

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"slices"
	"strings"
)

// pieces returns the body in what is written at a time, with all that the rule does to its bytes: first what
// changes the events, then compression, and last the bytes that nobody understands, which stand in what is sent.
// What could not be done to it stays among the breaks that were not played.
func (s *wire) pieces(d dialect, x *exchange, out *reply) []event {
	var body []event
	if out.events != nil {
		body = slices.Collect(out.events)
	} else if len(out.body) > 0 {
		body = []event{{bytes: out.body}}
	}
	if n := s.answer.Duplicate; n > 0 {
		body = s.duplicated(body, n)
	}
	for _, b := range s.answer.Breaks {
		if b.Kind == BreakError {
			body = s.failing(body, b, d, x)
		}
	}
	if s.answer.Gzip && len(body) > 0 {
		body = compressed(body)
		out.header.set("Content-Encoding", "gzip")
	}
	for _, b := range s.answer.Breaks {
		if b.Kind == BreakGarbage && b.At.inBody() {
			body = s.garbled(body, b)
		}
	}
	return body
}

// played takes a break from those that are still to come.
func (s *wire) played(b Break) {
	if i := slices.Index(s.breaks, b); i >= 0 {
		s.breaks = slices.Delete(s.breaks, i, i+1)
	}
}

// duplicated repeats content event n.
func (s *wire) duplicated(body []event, n int) []event {
	i := slices.IndexFunc(body, func(e event) bool { return e.content == n })
	if i < 0 {
		s.u.fault(Unreached, "%s: %q: the answer has no event %d to send twice", s.call, s.answer, n)
		return body
	}
	again := body[i]
	again.content, again.pause, again.broke = 0, 0, fmt.Sprintf("sent event %d twice", n)
	return slices.Insert(body, i+1, again)
}

// failing puts the vendor's error event in place of what comes after an event.
func (s *wire) failing(body []event, b Break, d dialect, x *exchange) []event {
	i := endOfEvent(body, b.At.N)
	if i < 0 {
		return body
	}
	s.played(b)
	return append(body[:i:i], event{bytes: d.failure(x, i), broke: b.told()})
}

// endOfEvent returns the index behind content event n; -1: there is none. Event 0 is followed by the first piece.
func endOfEvent(body []event, n int) int {
	if n == 0 && len(body) > 0 {
		return 0
	}
	i := slices.IndexFunc(body, func(e event) bool { return e.content == n })
	if i < 0 {
		return -1
	}
	return i + 1
}

// garbled puts garbage behind a byte or an event.
func (s *wire) garbled(body []event, b Break) []event {
	bad := event{bytes: []byte(garbage), broke: b.told()}
	if b.At.Kind == PointEvent {
		i := endOfEvent(body, b.At.N)
		if i < 0 {
			return body
		}
		s.played(b)
		return slices.Insert(slices.Clone(body), i, bad)
	}
	sent := 0
	for i, e := range body {
		if b.At.N > sent+len(e.bytes) {
			sent += len(e.bytes)
			continue
		}
		s.played(b)
		before, after := e, e
		before.bytes, before.content, before.broke = e.bytes[:b.At.N-sent], 0, ""
		after.bytes, after.pause = e.bytes[b.At.N-sent:], 0
		return slices.Concat(body[:i], slices.DeleteFunc([]event{before, bad, after}, func(e event) bool { return len(e.bytes) == 0 && e.content == 0 }), body[i+1:])
	}
	return body
}

// compressed encodes a body (RFC 1952) so that each event can be read as soon as it has come.
func compressed(body []event) []event {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	out := slices.Clone(body)
	for i, e := range body {
		_, _ = z.Write(e.bytes) // a buffer takes everything
		_ = z.Flush()
		if i == len(body)-1 {
			_ = z.Close()
		}
		out[i].bytes = slices.Clone(b.Bytes())
		b.Reset()
	}
	return out
}

// note adds to what was played of the rule.
func (s *wire) note(told string) {
	s.u.change(s.i, func(q *entry) { q.Broke = strings.TrimPrefix(q.Broke+", "+told, ", ") })
}
