package fakeupstream

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// reply is an answer in bytes: a status, a header, and either a body or events.
type reply struct {
	status int
	header fields
	body   []byte
	events iter.Seq[event] // nil: body is written as one
	codes  []string        // what errorCodes returns, where it is known
	buffer *[]byte         // what body or events are in, to be used again once they are written; nil: nothing
}

const (
	typeJSON   = "application/json"
	typeText   = "text/plain; charset=utf-8"
	typeEvents = "text/event-stream; charset=utf-8"
)

// newReply writes the answer of an exchange in the vendor's dialect.
func (u *Upstream) newReply(d dialect, x *exchange) reply {
	out := u.templates.reply(d, x)
	x.limits.fill(out.header, x.now)
	out.hint(x.answer, x.now)
	return out
}

// compose writes all of an answer but what limits and the script have to say in its header.
func compose(d dialect, x *exchange) reply {
	a := x.answer
	out := reply{status: a.Status, header: d.header(x)}
	for i := range out.header {
		out.header[i].Name = http.CanonicalHeaderKey(out.header[i].Name)
	}
	contentType := out.fill(d, x)
	out.header.set("Date", x.now.UTC().Format(http.TimeFormat)) // net/http would ask the wall clock
	if contentType != "" {
		out.header.set("Content-Type", contentType)
	}
	if out.events == nil && !bodyless(a.Status) {
		out.header.set("Content-Length", strconv.Itoa(len(out.body)))
	}
	return out
}

// fill chooses the body or the events, and returns their content type.
func (out *reply) fill(d dialect, x *exchange) string {
	a := x.answer
	stream := Stream{}
	if a.Stream != nil {
		stream = *a.Stream
	}
	switch {
	case bodyless(a.Status):
		return ""
	case a.Body != nil && (a.Stream != nil || isEvents(a.Body)):
		out.events = paced(bodyEvents(a.Body), stream.Every)
		return typeEvents
	case a.Body != nil:
		out.body = a.Body
		if json.Valid(a.Body) {
			return typeJSON
		}
		return typeText
	case a.Stream != nil || a.Status == http.StatusOK && x.asked.Stream && d.streams(x):
		out.events = paced(d.events(x), stream.Every)
		return typeEvents
	}
	if a.Status == http.StatusResetContent || a.Status/100 == 3 {
		return "" // no vendor says anything in these
	}
	out.body = d.body(x)
	return typeJSON
}

// hint adds the headers that the script asks for.
func (out *reply) hint(a Answer, now time.Time) {
	var kept []string // names that an extra field joins and does not replace
	if value, ok := a.RetryAfter.at(now); ok {
		out.header.set("Retry-After", value)
		kept = append(kept, "Retry-After")
	}
	if a.RetryAfterMS != "" {
		out.header.set("Retry-After-Ms", a.RetryAfterMS)
		kept = append(kept, "Retry-After-Ms")
	}
	for _, f := range a.Header {
		name := http.CanonicalHeaderKey(f.Name)
		if !slices.Contains(kept, name) {
			out.header.del(name)
			kept = append(kept, name)
		}
		out.header.add(name, f.Value)
	}
}

// unmatchedReply says in plain words that the script has no answer, so that nobody takes it for the vendor's.
func unmatchedReply(x *exchange, why string) reply {
	body := []byte("fakeupstream: " + why + "\n")
	return reply{status: http.StatusNotImplemented, body: body, header: fields{
		{"Date", x.now.UTC().Format(http.TimeFormat)},
		{"Content-Type", typeText},
		{"Content-Length", strconv.Itoa(len(body))},
	}}
}

// write sends a reply.
//
// A requester that leaves is written down: net/http tells of it by an error, or by the request's context.
func (u *Upstream) write(ctx context.Context, w http.ResponseWriter, method string, i int, out reply) {
	out.header.into(w.Header())
	w.WriteHeader(out.status)
	if method == http.MethodHead || bodyless(out.status) {
		return
	}
	if out.events == nil {
		if _, err := w.Write(out.body); err != nil {
			u.change(i, func(q *entry) { q.Left = true })
			panic(http.ErrAbortHandler)
		}
		return
	}
	flush := http.NewResponseController(w).Flush
	n, pace := 0, pacer{clock: u.cfg.Clock}
	for e := range out.events {
		if !pace.wait(ctx.Done(), e.pause) {
			u.change(i, func(q *entry) { q.Left = true })
			panic(http.ErrAbortHandler)
		}
		if _, err := w.Write(e.bytes); err != nil {
			u.change(i, func(q *entry) { q.Left = true })
			panic(http.ErrAbortHandler)
		}
		if e.content > 0 {
			u.sent(i, e.content)
		}
		_ = flush() // a writer that cannot flush has nobody who waits, and one that is broken fails at the next event
		n++
		u.event(i, n)
	}
}

// pause waits for d, and returns false when the client has left.
func (u *Upstream) pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := u.cfg.Clock.NewTimer(d, "fakeupstream", "pause")
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
