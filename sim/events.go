package sim

import (
	"bytes"
	"encoding/json"
	"strings"
)

// eventScanner counts the server-sent events of a body as it grows.
type eventScanner struct {
	read    int // bytes of the body that are counted
	events  int // complete ones
	content int // of those, the ones that carry content
	shown   int // of those, the ones that were noted
}

// grow counts what has been completed, and returns how many events that were.
func (s *eventScanner) grow(body []byte) int {
	before := s.events
	for {
		end := endOfEvent(body[s.read:])
		if end == 0 {
			return s.events - before
		}
		s.events++
		if carriesContent(body[s.read : s.read+end]) {
			s.content++
		}
		s.read += end
	}
}

// endOfEvent is the offset behind the first blank line, in either of the line
// endings that are in use; 0: there is none yet.
func endOfEvent(text []byte) int {
	end := 0
	for _, blank := range []string{"\n\n", "\r\n\r\n"} {
		if i := bytes.Index(text, []byte(blank)); i >= 0 && (end == 0 || i+len(blank) < end) {
			end = i + len(blank)
		}
	}
	return end
}

// carriesContent reports whether an event has something of the answer's text,
// which is what scripts count: vendors open and close a stream with events that
// have none. An event that is no vendor's counts as content.
func carriesContent(event []byte) bool {
	var data []string
	for line := range strings.Lines(string(event)) {
		if text, ok := strings.CutPrefix(line, "data:"); ok {
			data = append(data, strings.TrimSpace(text))
		}
	}
	text := strings.Join(data, "\n")
	var e struct {
		Type    string `json:"type"`
		Choices *[]struct {
			Delta struct {
				Content string `json:"content"`
			} `json:"delta"`
		} `json:"choices"`
	}
	switch err := json.Unmarshal([]byte(text), &e); {
	case text == "" || text == "[DONE]":
		return false
	case err != nil:
		return true
	case e.Type == "content_block_delta", e.Type == "response.output_text.delta":
		return true
	case e.Choices != nil:
		return len(*e.Choices) > 0 && (*e.Choices)[0].Delta.Content != ""
	}
	return !opensOrCloses(e.Type)
}

// opensOrCloses reports whether the vendors have this type of event around the
// content.
func opensOrCloses(kind string) bool {
	for _, prefix := range []string{"message_", "content_block_", "ping", "response."} {
		if strings.HasPrefix(kind, prefix) {
			return true
		}
	}
	return false
}
