package fakeupstream

import (
	"iter"
	"strings"
)

// anthropicMessage is the answer of POST /v1/messages.
type anthropicMessage struct {
	ID           string          `json:"id"`
	Type         string          `json:"type"`
	Role         string          `json:"role"`
	Model        string          `json:"model"`
	Content      []anthropicText `json:"content"`
	StopReason   *string         `json:"stop_reason"` // null until the message is complete
	StopSequence *string         `json:"stop_sequence"`
	Usage        anthropicUsage  `json:"usage"`
}

type anthropicText struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type anthropicUsage struct {
	InputTokens              int `json:"input_tokens"`
	CacheCreationInputTokens int `json:"cache_creation_input_tokens"`
	CacheReadInputTokens     int `json:"cache_read_input_tokens"`
	OutputTokens             int `json:"output_tokens"`
}

func anthropicMessageOf(x *exchange, n int) anthropicMessage {
	stop := "end_turn"
	return anthropicMessage{
		ID:         "msg_" + x.id("message", 24),
		Type:       "message",
		Role:       "assistant",
		Model:      x.model(anthropicModel),
		Content:    []anthropicText{{"text", content(n)}},
		StopReason: &stop,
		Usage:      anthropicUsage{InputTokens: x.inputTokens(), OutputTokens: n},
	}
}

// anthropicEvent is one event of a streamed message; each kind has some of the fields.
type anthropicEvent struct {
	Type         string            `json:"type"`
	Message      *anthropicMessage `json:"message,omitempty"`
	Index        *int              `json:"index,omitempty"`
	ContentBlock *anthropicText    `json:"content_block,omitempty"`
	Delta        any               `json:"delta,omitempty"`
	Usage        *anthropicTotals  `json:"usage,omitempty"`
}

// anthropicTotals is the usage of message_delta: counted from the message's beginning, not from the last event.
type anthropicTotals struct {
	OutputTokens int `json:"output_tokens"`
}

type anthropicStop struct {
	StopReason   string  `json:"stop_reason"`
	StopSequence *string `json:"stop_sequence"`
}

// anthropicEvents streams a message with one block: message_start, content_block_start, a ping, n deltas,
// content_block_stop, message_delta, message_stop.
func anthropicEvents(x *exchange, n int) iter.Seq[event] {
	start := anthropicMessageOf(x, n)
	start.Content, start.StopReason, start.Usage.OutputTokens = []anthropicText{}, nil, 1
	return func(yield func(event) bool) {
		zero := 0
		send := func(e anthropicEvent, content int) bool {
			return yield(event{bytes: sse(e.Type, marshal(e)), content: content})
		}
		opening := send(anthropicEvent{Type: "message_start", Message: &start}, 0) &&
			send(anthropicEvent{Type: "content_block_start", Index: &zero, ContentBlock: &anthropicText{Type: "text"}}, 0) &&
			send(anthropicEvent{Type: "ping"}, 0)
		if !opening {
			return
		}
		for i := 1; i <= n; i++ {
			e := anthropicEvent{Type: "content_block_delta", Index: &zero, Delta: anthropicText{"text_delta", delta(i)}}
			if !send(e, i) {
				return
			}
		}
		_ = send(anthropicEvent{Type: "content_block_stop", Index: &zero}, 0) &&
			send(anthropicEvent{Type: "message_delta", Delta: anthropicStop{StopReason: "end_turn"}, Usage: &anthropicTotals{n}}, 0) &&
			send(anthropicEvent{Type: "message_stop"}, 0)
	}
}

type anthropicModelEntry struct {
	Type        string `json:"type"`
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
	CreatedAt   string `json:"created_at"`
}

// anthropicModels answers GET /v1/models and GET /v1/models/ID, and any other GET with an empty object.
func anthropicModels(x *exchange) []byte {
	entry := anthropicModelEntry{"model", anthropicModel, "Claude Sonnet 4.5", "2025-09-29T00:00:00Z"}
	if x.hasEndpoint("models") {
		return marshal(struct {
			Data    []anthropicModelEntry `json:"data"`
			HasMore bool                  `json:"has_more"`
			FirstID string                `json:"first_id"`
			LastID  string                `json:"last_id"`
		}{[]anthropicModelEntry{entry}, false, entry.ID, entry.ID})
	}
	if id, ok := strings.CutPrefix(x.endpoint(), "models/"); ok {
		entry.ID, entry.DisplayName = id, id
		return marshal(entry)
	}
	return []byte("{}")
}
