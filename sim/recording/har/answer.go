package har

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/proxy/record"
)

// mostEvents bounds the events of one stream.
const mostEvents = 10000

// answer is what an entry says about an answer, free of secrets.
type answer struct {
	status int
	header map[string][]string
	how    string
	codes  []string
	events int  // of a stream; 0: it is none
	silent bool // a stream of which the HAR has no text
	bytes  int64
}

// keptHeaders are those of an answer that a drill can have.
var keptHeaders = []string{"Content-Type", "Retry-After", "Retry-After-Ms", "X-Ratelimit-Limit-Requests", "Anthropic-Ratelimit-Requests-Limit"}

func (e *entry) answer(s *secrets) answer {
	a := answer{status: e.status(), how: record.HowWhole}
	if a.status == 0 {
		a.how = failure(e.error())
		return a
	}
	content := &e.said.Response.Content
	a.bytes = int64(min(max(content.Size, 0), 1<<50))
	text := string(content.Text)
	if strings.EqualFold(string(content.Encoding), "base64") {
		if plain, err := base64.StdEncoding.DecodeString(text); err == nil {
			text = string(plain)
		}
	}
	a.header = e.kept(s)
	if a.status >= 400 {
		a.codes = codes([]byte(text))
	}
	whole := true
	if strings.HasPrefix(http.Header(a.header).Get("Content-Type"), stream) && a.status < 300 {
		a.events, whole = events(text)
		a.silent = text == ""
		a.events = min(max(a.events, 1), mostEvents)
	}
	if failed := e.error(); failed != "" {
		a.how = failure(failed)
	}
	if a.how == record.HowWhole && !whole || a.how == record.HowFailed || a.how == record.HowRefused {
		a.how = record.HowTruncated // an answer had begun
	}
	return a
}

const stream = "text/event-stream"

// kept are the headers, with the type from wherever the exporter has put it.
func (e *entry) kept(s *secrets) map[string][]string {
	h := map[string][]string{}
	for _, name := range keptHeaders {
		for _, value := range e.response[name] {
			h[name] = append(h[name], s.scrub(value))
		}
	}
	switch kind := strings.ToLower(e.response.Get("Content-Type") + string(e.said.Response.Content.MimeType)); {
	case strings.Contains(kind, stream):
		h["Content-Type"] = []string{stream}
	case strings.Contains(kind, "json"):
		h["Content-Type"] = []string{"application/json"}
	default:
		delete(h, "Content-Type")
	}
	return h
}

// error is what the exporter says went wrong.
func (e *entry) error() string {
	text := e.said.Error
	if e.said.Response != nil && e.said.Response.Error != "" {
		text = e.said.Response.Error
	}
	if text == "null" {
		return ""
	}
	return strings.ToLower(string(text))
}

// failure says how an exchange ended, by the words of Chrome ("net::ERR_CONNECTION_RESET"),
// Firefox ("NS_BINDING_ABORTED") and proxies ("Client disconnected."). The words themselves
// go no further.
func failure(text string) string {
	for _, f := range failures {
		if f.words.MatchString(text) {
			return f.how
		}
	}
	return record.HowFailed
}

var failures = []struct {
	words *regexp.Regexp
	how   string
}{
	{regexp.MustCompile("abort|cancel|client"), record.HowLeft},
	{regexp.MustCompile("timed.?out|timeout"), record.HowTimeout},
	{regexp.MustCompile("refused|unreachable|name_not_resolved|unknown_host"), record.HowRefused},
	{regexp.MustCompile("reset"), record.HowReset},
	{regexp.MustCompile("incomplete|mismatch|closed|partial|truncat"), record.HowTruncated},
}

var codeWord = regexp.MustCompile(`^[a-z][a-z_]{1,47}$`)

// codes are error.code and error.type of an error's body, as far as they are words.
func codes(body []byte) (list []string) {
	var shape struct {
		Error struct{ Code, Type any }
	}
	if json.Unmarshal(body, &shape) != nil {
		return nil
	}
	for _, v := range []any{shape.Error.Code, shape.Error.Type} {
		if text, ok := v.(string); ok && codeWord.MatchString(text) {
			list = append(list, text)
		}
	}
	return list
}

// events counts the events of content in a stream, all events when it has none of them, and
// says whether it came to its end, as far as its vendor marks one.
func events(text string) (n int, whole bool) {
	all, content := 0, 0
	whole = text == ""
	for line := range strings.Lines(text) {
		data, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "data:")
		if !ok {
			continue
		}
		var event struct {
			Type    string
			Choices []struct {
				Delta  map[string]any
				Text   string
				Finish any `json:"finish_reason"`
			}
		}
		if data = strings.TrimSpace(data); data == "[DONE]" {
			whole = true
			continue
		}
		all++
		if json.Unmarshal([]byte(data), &event) != nil {
			continue
		}
		switch {
		case strings.HasSuffix(event.Type, "delta") && event.Type != "message_delta":
			content++
		case event.Type == "message_stop", event.Type == "response.completed", event.Type == "response.failed", event.Type == "response.incomplete":
			whole = true
		}
		for _, c := range event.Choices {
			if said, _ := c.Delta["content"].(string); said != "" || c.Delta["tool_calls"] != nil || c.Text != "" {
				content++
				break
			}
		}
	}
	if content > 0 {
		return content, whole
	}
	return all, whole
}

// chunks spreads events evenly over the time that receiving took.
func (a answer) chunks(receive time.Duration) (list [][2]int64) {
	for i := range int64(a.events) {
		at := int64(0)
		if a.events > 1 {
			at = receive.Nanoseconds() / int64(a.events-1) * i
		}
		list = append(list, [2]int64{at, a.bytes / int64(a.events)})
	}
	return list
}
