package fakeupstream

import (
	"fmt"
	"math"
	"net/http"
	"slices"
)

// mistake is something about an answer that cannot be meant.
type mistake struct {
	word  string // the word that is wrong; "" for the status
	index int    // which of them, for a word that can be repeated
	msg   string
}

// mistakes returns what cannot be meant about an answer whose every word is understood. Rules that were parsed and
// rules that were built as values go through it alike.
func (a Answer) mistakes() []mistake {
	var out []mistake
	add := func(word string, index int, format string, args ...any) {
		out = append(out, mistake{word, index, fmt.Sprintf(format, args...)})
	}
	if a.BodyFile != "" && !isBare(a.BodyFile) {
		add("body", 0, "body=@%s: want a file name without blanks, quotes and a comma at its end", a.BodyFile)
	}
	hasBody := a.Body != nil || a.BodyFile != ""
	switch {
	case a.Status >= 100 && a.Status < 200:
		add("", 0, "status %d is an interim one: want a final status, 200 to 599", a.Status)
	case a.Status < 200 || a.Status > 599:
		add("", 0, "status %d does not exist: want one from 200 to 599", a.Status)
	case bodyless(a.Status) && hasBody:
		add("body", 0, "a %d has no body: leave body= away", a.Status)
	}
	if a.Times < 0 {
		add("times", 0, "times=%d: want 1 or more", a.Times)
	}
	if a.Delay < 0 {
		add("delay", 0, "delay=%s: want a pause, not a negative one", a.Delay)
	}
	if msg := a.RetryAfter.mistake(); msg != "" {
		add("retry-after", 0, "%s", msg)
	}
	if !isFieldValue(a.RetryAfterMS) {
		add("retry-after-ms", 0, notFieldValue, a.RetryAfterMS)
	}
	out = append(out, fieldMistakes("header", "a header's name", a.Header)...)
	if a.Code != "" && a.Status < 400 && !slices.ContainsFunc(a.Breaks, func(b Break) bool { return b.Kind == BreakError }) {
		add("code", 0, "code= on a %d: want it on an error, 400 and above", a.Status)
	}
	if a.Code != "" && hasBody {
		add("code", 0, "code= beside body=: the body is sent as it is, so write the code into it")
	}
	out = append(out, a.errorMistakes(hasBody)...)
	out = append(out, a.Say.mistakes(a.Status, hasBody)...)
	out = append(out, fieldMistakes("trailer", "a field's name", a.Trailer)...)
	out = append(out, a.shapeMistakes()...)
	out = append(out, a.limitMistakes()...)
	out = append(out, a.Stream.mistakes(a.Status, hasBody)...)
	return append(out, a.breakMistakes()...)
}

// fieldMistakes are those of header or trailer fields.
func fieldMistakes(word, name string, fields []HeaderField) (out []mistake) {
	for i, f := range fields {
		if !isToken(f.Name) {
			out = append(out, mistake{word, i, fmt.Sprintf("%q cannot be %s: want letters, digits and hyphens", f.Name, name)})
		}
		if !isFieldValue(f.Value) {
			out = append(out, mistake{word, i, fmt.Sprintf(notFieldValue, f.Value)})
		}
	}
	return out
}

// shapeMistakes are those of how the answer is put on the wire, the first one at the most.
func (a Answer) shapeMistakes() (out []mistake) {
	add := func(word string, index int, format string, args ...any) {
		out = append(out, mistake{word, index, fmt.Sprintf(format, args...)})
	}
	switch {
	case a.Slow < 0:
		add("slow", 0, "slow does not say how slow: want slow rate=10B/s")
	case a.Trailer != nil && (a.Length != nil || a.HTTP10):
		add("trailer", 0, "trailer= on an answer that is not chunked: leave length= and http= away")
	case a.Length != nil && a.HTTP10:
		add("length", 0, "length= beside http=1.0: the connection's end is the body's, so leave one away")
	case a.Length != nil && *a.Length < 0:
		add("length", 0, "length=%d: want 0 or more", *a.Length)
	case a.Duplicate < 0:
		add("duplicate", 0, "duplicate=event:%d: want 1 or more", a.Duplicate)
	case a.Early < 0 || a.Early > EarlyClose:
		add("early", 0, "unknown early %d: want EarlyRead, EarlyStop or EarlyClose", a.Early)
	case a.Continue < 0 || a.Continue > ContinueRefused:
		add("continue", 0, "unknown continue %d: want ContinueIgnored, ContinueNever or ContinueRefused", a.Continue)
	case a.Early != 0 && a.Continue != 0:
		add("early", 0, "early= beside continue=: both say what becomes of the request's body, so leave one away")
	case bodyless(a.Status) && (a.Gzip || a.Length != nil || a.Slow > 0 || a.Trailer != nil || a.Duplicate > 0):
		add("", 0, "a %d has no body that anything could happen to", a.Status)
	}
	return out
}

const notFieldValue = "%q cannot be a header's value: want no control characters, and no blanks at its ends"

// mistake says why a rule cannot write this Retry-After down; "" when it can.
func (r RetryAfter) mistake() string {
	switch {
	case r.Form < FormAbsent || r.Form > FormAsctime:
		return fmt.Sprintf("unknown form %d: want FormText, FormIMF, FormRFC850 or FormAsctime", r.Form)
	case r.Form != FormText && r.Text != "":
		return fmt.Sprintf("the text %q has no effect without FormText", r.Text)
	case r.Form < FormIMF && r.Offset != 0:
		return fmt.Sprintf("the offset %s has no effect without a date form", r.Offset)
	case r.Offset == math.MinInt64:
		return "the offset is out of bounds"
	case !isFieldValue(r.Text):
		return fmt.Sprintf(notFieldValue, r.Text)
	default:
		return ""
	}
}

func (s *Stream) mistakes(status int, hasBody bool) []mistake {
	var out []mistake
	if s == nil {
		return nil
	}
	if status != http.StatusOK {
		out = append(out, mistake{"stream", 0, fmt.Sprintf("a %d does not stream: want 200 stream", status)})
	}
	if s.Events < 0 {
		out = append(out, mistake{"events", 0, fmt.Sprintf("events=%d: want 1 or more", s.Events)})
	}
	if s.Events > 0 && hasBody {
		out = append(out, mistake{"events", 0, "events= beside body=: the body has its own events, so leave events= away"})
	}
	if s.Every < 0 {
		out = append(out, mistake{"every", 0, fmt.Sprintf("every=%s: want a pause, not a negative one", s.Every)})
	}
	return out
}

// bodyless tells whether answers of this status never have a body (RFC 9110, sections 15.3.5 and 15.4.5).
func bodyless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified
}

// mistakes returns what cannot be meant about a rule, as texts that name the answer.
func (r Rule) mistakes() []string {
	if r.Limit != nil {
		return r.limitMistakes()
	}
	if r.Connections != nil {
		return r.connectionMistakes()
	}
	var out []string
	if !keyName.MatchString(r.Key) {
		out = append(out, fmt.Sprintf("bad key name %q", r.Key))
	}
	if len(r.Answers) == 0 {
		out = append(out, "the rule has no answer")
	}
	out = append(out, r.matchMistakes()...)
	for i, a := range r.Answers {
		for _, m := range a.mistakes() {
			out = append(out, fmt.Sprintf("answer %d: %s", i+1, m.msg))
		}
		if a.BodyFile != "" && a.Body == nil {
			out = append(out, fmt.Sprintf("answer %d: body=@%s was never read: call Rule.Resolve before Play", i+1, a.BodyFile))
		}
	}
	return out
}
