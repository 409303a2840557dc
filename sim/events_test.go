package sim

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Scripts count events of content; what a client counts has to be the same, for
// every vendor.
func TestEventsOfContent(t *testing.T) {
	for _, test := range []struct {
		name            string
		body            string
		events, content int
	}{
		{"nothing", "", 0, 0},
		{"an event that is not complete", "data: x\n", 0, 0},
		{"lines that end in CRLF", "data: x\r\n\r\ndata: y\n\n", 2, 2},
		{"chat", `data: {"choices":[{"delta":{"role":"assistant","content":""}}]}` + "\n\n" +
			`data: {"choices":[{"delta":{"content":"1 "}}]}` + "\n\n" + `data: {"choices":[]}` + "\n\ndata: [DONE]\n\n", 4, 1},
		{"messages", "event: message_start\ndata: {\"type\":\"message_start\"}\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n" +
			"event: content_block_delta\ndata: {\"type\":\"content_block_delta\"}\n\n", 3, 1},
		{"responses", `data: {"type":"response.created"}` + "\n\n" + `data: {"type":"response.output_text.delta"}` + "\n\n", 2, 1},
		{"a comment", ": keep-alive\n\n", 1, 0},
		{"nobody's", "data: {\"n\":1}\n\ndata: 2\n\n", 2, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			var whole, bytewise eventScanner
			whole.grow([]byte(test.body))
			for i := range test.body {
				bytewise.grow([]byte(test.body)[:i+1])
			}
			assert.Equal(t, []int{test.events, test.content}, []int{whole.events, whole.content})
			assert.Equal(t, whole, bytewise, "however it is cut")
		})
	}
}
