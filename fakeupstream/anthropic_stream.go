package fakeupstream

import "iter"

// anthropicEvent is one event of a streamed message; each kind has some of the fields.
type anthropicEvent struct {
	Type         string            `json:"type"`
	Message      *anthropicMessage `json:"message,omitempty"`
	Index        *int              `json:"index,omitempty"`
	ContentBlock *anthropicBlock   `json:"content_block,omitempty"`
	Delta        any               `json:"delta,omitempty"`
	Usage        *anthropicTotals  `json:"usage,omitempty"`
}

// anthropicTotals is the usage of message_delta: counted from the message's beginning, not from the last event.
type anthropicTotals struct {
	InputTokens              int                   `json:"input_tokens"`
	CacheCreationInputTokens int                   `json:"cache_creation_input_tokens"`
	CacheReadInputTokens     int                   `json:"cache_read_input_tokens"`
	OutputTokens             int                   `json:"output_tokens"`
	OutputTokensDetails      anthropicOutputDetail `json:"output_tokens_details"`
	ServerToolUse            *struct{}             `json:"server_tool_use"`
}

type anthropicStop struct {
	StopReason   *string   `json:"stop_reason"`
	StopSequence *string   `json:"stop_sequence"`
	StopDetails  *struct{} `json:"stop_details"`
	Container    *struct{} `json:"container"`
}

// anthropicDelta is one piece of a block; each kind has one of the fields beside its type.
type anthropicDelta struct {
	Type        string  `json:"type"`
	Text        *string `json:"text,omitempty"`
	Thinking    *string `json:"thinking,omitempty"`
	Signature   *string `json:"signature,omitempty"`
	PartialJSON *string `json:"partial_json,omitempty"`
}

// anthropicEvents streams a message: message_start, then for each block content_block_start, its deltas and
// content_block_stop, then message_delta and message_stop. A ping follows the first event behind message_start.
func anthropicEvents(x *exchange) iter.Seq[event] {
	t := turnOf(x, anthropicModel, 1)
	whole := anthropicMessageOf(x, t)
	start := whole
	start.Content, start.StopReason, start.Usage.OutputTokens = []anthropicBlock{}, nil, min(1, t.out)
	start.Usage.OutputTokensDetails.ThinkingTokens = 0
	return func(yield func(event) bool) {
		content := 0
		send := func(e anthropicEvent, counts bool) bool {
			n := 0
			if counts {
				content++
				n = content
			}
			return yield(event{bytes: sse(e.Type, marshal(e)), content: n})
		}
		if !send(anthropicEvent{Type: "message_start", Message: &start}, false) {
			return
		}
		for i, b := range t.choices[0] {
			begun := anthropicBlockOf(b, false)
			if !send(anthropicEvent{Type: "content_block_start", Index: &i, ContentBlock: &begun}, false) ||
				i == 0 && !send(anthropicEvent{Type: "ping"}, false) {
				return
			}
			for _, d := range anthropicDeltas(b) {
				if !send(anthropicEvent{Type: "content_block_delta", Index: &i, Delta: d.delta}, d.counts) {
					return
				}
			}
			if !send(anthropicEvent{Type: "content_block_stop", Index: &i}, false) {
				return
			}
		}
		if len(t.choices[0]) == 0 && !send(anthropicEvent{Type: "ping"}, false) {
			return
		}
		u := whole.Usage
		totals := anthropicTotals{u.InputTokens, u.CacheCreationInputTokens, u.CacheReadInputTokens, u.OutputTokens, u.OutputTokensDetails, u.ServerToolUse}
		_ = send(anthropicEvent{Type: "message_delta", Delta: anthropicStop{StopReason: whole.StopReason}, Usage: &totals}, false) &&
			send(anthropicEvent{Type: "message_stop"}, false)
	}
}

// blockDelta is a delta, and whether it is a content event.
type blockDelta struct {
	delta  anthropicDelta
	counts bool
}

// anthropicDeltas returns what a stream says of a block. The input of a tool begins with an empty fragment, and a
// thought ends with its signature.
func anthropicDeltas(b block) []blockDelta {
	var out []blockDelta
	if b.kind == blockTool {
		out = append(out, blockDelta{delta: anthropicDelta{Type: "input_json_delta", PartialJSON: new(string)}})
	}
	for _, part := range b.parts {
		switch b.kind {
		case blockThinking:
			out = append(out, blockDelta{anthropicDelta{Type: "thinking_delta", Thinking: &part}, true})
		case blockTool:
			out = append(out, blockDelta{anthropicDelta{Type: "input_json_delta", PartialJSON: &part}, true})
		default:
			out = append(out, blockDelta{anthropicDelta{Type: "text_delta", Text: &part}, true})
		}
	}
	if b.kind == blockThinking {
		signature := anthropicSignature(b)
		out = append(out, blockDelta{delta: anthropicDelta{Type: "signature_delta", Signature: &signature}})
	}
	return out
}
