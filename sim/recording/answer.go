package recording

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/proxy/record"
)

// words is what an upstream's script says of an attempt, and how long it takes in virtual
// time, as far as the script decides that.
func (w *writer) words(a *attempt) (text string, takes time.Duration) {
	if a.answer == nil {
		return w.noAnswer(a)
	}
	status := a.answer.Status
	if status < 200 || status > 599 {
		w.notes.add("An answer with a status outside of 200 to 599 is played as 502.")
		status = 502
	}
	parts := []string{strconv.Itoa(status)}
	if d := millis(a.answer.At - a.begin.At); d > 0 {
		parts = append(parts, "delay="+format(d))
		takes = d
	}
	parts = append(parts, w.waits(a.answer)...)
	if a.end != nil && status >= 400 && len(a.end.Codes) > 0 && plainWord(a.end.Codes[0]) && !usualCode[a.end.Codes[0]] {
		parts = append(parts, "code="+a.end.Codes[0])
	}
	more, lasts := w.body(a, status)
	return strings.Join(append(parts, more...), " "), takes + lasts
}

// usualCode are the codes that every refusal has, and that no policy judges by.
var usualCode = map[string]bool{"rate_limit_exceeded": true, "rate_limit_error": true, "invalid_api_key": true, "authentication_error": true,
	"permission_error": true, "invalid_request_error": true, "overloaded_error": true, "api_error": true, "server_error": true}

// noAnswer plays an attempt that ended without a status.
func (w *writer) noAnswer(a *attempt) (string, time.Duration) {
	how := ""
	if a.end != nil {
		how = a.end.How
	}
	switch how {
	case record.HowLeft, "":
		return "200 stall after=status", 0
	case record.HowTimeout:
		w.notes.add("An upstream that took too long falls silent; when the gateway gives up is its own affair.")
		return "200 stall after=status", 0
	}
	// A reset before the status is one that net/http may send again on another connection,
	// of which the recording has a single attempt. What makes no sense is not sent again.
	w.notes.add("An attempt without an answer (refused, reset before its status) is played as an answer that makes no sense.")
	d := millis(a.end.At - a.begin.At)
	if d <= 0 {
		return "200 garbage after=status", 0
	}
	return "200 delay=" + format(d) + " garbage after=status", d
}

// waits are the headers that say how long to wait.
func (w *writer) waits(f *record.Fact) (parts []string) {
	h := http.Header(f.Header)
	if text := h.Get("Retry-After"); text != "" {
		parts = append(parts, w.retryAfter(text, f.At))
	}
	if text := h.Get("Retry-After-Ms"); plainWord(text) {
		parts = append(parts, "retry-after-ms="+text)
	}
	return parts
}

// retryAfter writes a date as the distance to it, since a world has other dates. The drill
// begins as far into a second as the recording did, and half a second more keeps what a
// date loses, its fraction, from making another second of it: the deadline is the recorded one.
func (w *writer) retryAfter(text string, at int64) string {
	date, err := http.ParseTime(text)
	if err != nil {
		if plainWord(text) {
			return "retry-after=" + text
		}
		return "retry-after=" + strconv.Quote(text)
	}
	w.notes.add("A Retry-After that is a date is as far from the answer as it was; the half second that is added to it gets lost when the date is written.")
	offset := date.Sub(w.began().Add(time.Duration(at))).Round(time.Millisecond) + 500*time.Millisecond
	sign := "+"
	if offset < 0 {
		sign, offset = "-", -offset
	}
	return "retry-after=date" + sign + format(offset) + dateForm(text)
}

// dateForm is the word for a date that is not written as RFC 9110 prefers.
func dateForm(text string) string {
	switch {
	case !strings.Contains(text, ","):
		return " form=asctime"
	case strings.Contains(text, "-"):
		return " form=rfc850"
	}
	return ""
}

// began is the instant that the recording's times count from.
func (w *writer) began() time.Time {
	at, _ := time.Parse(time.RFC3339Nano, w.run.Head.Began) // zero: whoever wrote it did not say
	return at
}

// intoSecond is how far into a second the recording began, 0 where no date makes that matter.
func (w *writer) intoSecond() int64 {
	if len(w.options.Set) > 0 {
		return 0 // fitted answers have no dates, and their windows count from the beginning
	}
	for _, a := range w.attempts {
		if a.answer == nil {
			continue
		}
		if _, err := http.ParseTime(http.Header(a.answer.Header).Get("Retry-After")); err == nil {
			return int64(w.began().Nanosecond())
		}
	}
	return 0
}

// body says how the answer's body comes, and how it ends.
func (w *writer) body(a *attempt, status int) (parts []string, takes time.Duration) {
	how := record.HowWhole
	if a.end != nil {
		how = a.end.How
	}
	stream := strings.HasPrefix(http.Header(a.answer.Header).Get("Content-Type"), "text/event-stream") && status < 300
	point := "headers"
	if len(a.chunks) > 0 {
		point = "byte:1"
	}
	if stream {
		events := max(len(a.chunks), 1)
		point = fmt.Sprintf("event:%d", len(a.chunks))
		if how != record.HowWhole {
			events++ // what the upstream had still to say
		}
		parts = append(parts, "stream", fmt.Sprintf("events=%d", events))
		if n := len(a.chunks); n > 1 {
			if every := millis((a.chunks[n-1][0] - a.chunks[0][0]) / int64(n-1)); every > 0 {
				parts = append(parts, "every="+format(every))
				takes = every * time.Duration(n-1)
				w.notes.add("The events of a stream come at even distances, as many as there were chunks.")
			}
		}
	}
	switch how {
	case record.HowTruncated:
		parts = append(parts, "truncate", "after="+point)
	case record.HowReset, record.HowFailed:
		parts = append(parts, "reset", "after="+point)
	case record.HowLeft, record.HowTimeout:
		parts = append(parts, "stall", "after="+point)
	}
	return parts, takes
}

// plainWord reports whether a text can stand in a script without quotes.
func plainWord(text string) bool {
	for i := range len(text) {
		c := text[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return text != ""
}

// millis rounds nanoseconds to whole milliseconds.
func millis(ns int64) time.Duration { return time.Duration(ns).Round(time.Millisecond) }

// format writes a duration of whole milliseconds as drills do.
func format(d time.Duration) string {
	if d%time.Second == 0 {
		return fmt.Sprintf("%ds", d/time.Second)
	}
	return fmt.Sprintf("%dms", d/time.Millisecond)
}
