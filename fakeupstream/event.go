package fakeupstream

import (
	"bytes"
	"iter"
	"strconv"
	"time"
)

// event is what is written and flushed at a time.
type event struct {
	bytes   []byte        // with the blank line that ends it
	content int           // its number among the content events, from 1; 0 for the vendor's opening and closing events
	pause   time.Duration // how long to wait before it is written
	broke   string        // what was played of the rule once it is written; "": nothing
}

// paced puts a pause between one content event and the next. What an answer suffers on its way out is written like
// this: as a function from events to events.
func paced(events iter.Seq[event], every time.Duration) iter.Seq[event] {
	return func(yield func(event) bool) {
		for e := range events {
			if e.content > 1 {
				e.pause = every
			}
			if !yield(e) {
				return
			}
		}
	}
}

// sse returns a server-sent event. An empty name leaves the event line away.
func sse(name string, data []byte) []byte {
	out := make([]byte, 0, len("event: \ndata: \n\n")+len(name)+len(data))
	if name != "" {
		out = append(out, "event: "...)
		out = append(out, name...)
		out = append(out, '\n')
	}
	out = append(out, "data: "...)
	out = append(out, data...)
	return append(out, "\n\n"...)
}

// bodyEvents cuts a body into the events that it consists of, each a content event.
func bodyEvents(body []byte) iter.Seq[event] {
	return func(yield func(event) bool) {
		for n := 1; len(body) > 0; n++ {
			end := eventEnd(body)
			if !yield(event{bytes: body[:end], content: n}) {
				return
			}
			body = body[end:]
		}
	}
}

// eventEnd returns the offset behind the first blank line, in either of the line endings that are in use.
func eventEnd(body []byte) int {
	end := len(body)
	for _, blank := range []string{"\n\n", "\r\n\r\n"} {
		if i := bytes.Index(body[:end], []byte(blank)); i >= 0 {
			end = i + len(blank)
		}
	}
	return end
}

// isEvents tells whether a body is a stream of server-sent events.
func isEvents(body []byte) bool {
	for _, field := range []string{"data:", "event:", "id:", "retry:", ":"} {
		if bytes.HasPrefix(body, []byte(field)) {
			return true
		}
	}
	return false
}

// defaultEvents is how many content events a stream has when nobody says.
const defaultEvents = 3

// delta is the text of content event i: its number, so that a lost, doubled or swapped event shows.
func delta(i int) string { return strconv.Itoa(i) + " " }
