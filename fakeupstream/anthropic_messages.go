package fakeupstream

import "encoding/json"

// anthropicMessage is the answer of POST /v1/messages.
type anthropicMessage struct {
	ID           string           `json:"id"`
	Type         string           `json:"type"`
	Role         string           `json:"role"`
	Model        string           `json:"model"`
	Content      []anthropicBlock `json:"content"`
	StopReason   *string          `json:"stop_reason"` // null until the message is complete
	StopSequence *string          `json:"stop_sequence"`
	StopDetails  *struct{}        `json:"stop_details"`
	Container    *struct{}        `json:"container"`
	Diagnostics  *struct{}        `json:"diagnostics"`
	Usage        anthropicUsage   `json:"usage"`
}

// anthropicBlock is a text, a thought with its signature, or a tool's call. Each has some of the fields.
type anthropicBlock struct {
	Type      string          `json:"type"`
	Text      *string         `json:"text,omitempty"`
	Citations json.RawMessage `json:"citations,omitempty"` // null in a text
	Thinking  *string         `json:"thinking,omitempty"`
	Signature *string         `json:"signature,omitempty"`
	ID        string          `json:"id,omitempty"`
	Name      string          `json:"name,omitempty"`
	Input     json.RawMessage `json:"input,omitempty"`
	Caller    json.RawMessage `json:"caller,omitempty"`
}

type anthropicUsage struct {
	InputTokens              int                    `json:"input_tokens"` // without those of the cache
	CacheCreationInputTokens int                    `json:"cache_creation_input_tokens"`
	CacheReadInputTokens     int                    `json:"cache_read_input_tokens"`
	CacheCreation            anthropicCacheCreation `json:"cache_creation"`
	OutputTokens             int                    `json:"output_tokens"`
	OutputTokensDetails      anthropicOutputDetail  `json:"output_tokens_details"`
	ServerToolUse            *struct{}              `json:"server_tool_use"`
	ServiceTier              string                 `json:"service_tier"`
	InferenceGeo             string                 `json:"inference_geo"`
	Speed                    string                 `json:"speed"`
}

type anthropicOutputDetail struct {
	ThinkingTokens int `json:"thinking_tokens"`
}

type anthropicCacheCreation struct {
	Ephemeral5m int `json:"ephemeral_5m_input_tokens"`
	Ephemeral1h int `json:"ephemeral_1h_input_tokens"`
}

func anthropicUsageOf(t turn) anthropicUsage {
	return anthropicUsage{InputTokens: t.in - t.cached, CacheReadInputTokens: t.cached, OutputTokens: t.out,
		OutputTokensDetails: anthropicOutputDetail{t.thought}, ServiceTier: "standard", InferenceGeo: "global", Speed: "standard"}
}

// anthropicFinish is the stop_reason. A message cannot say that it failed.
func anthropicFinish(f Finish) string {
	switch f {
	case FinishLength:
		return "max_tokens"
	case FinishTools:
		return "tool_use"
	case FinishFilter:
		return "refusal"
	default:
		return "end_turn"
	}
}

func anthropicMessageOf(x *exchange, t turn) anthropicMessage {
	stop := anthropicFinish(t.finish)
	out := anthropicMessage{
		ID:         "msg_" + x.id("message", 24),
		Type:       "message",
		Role:       "assistant",
		Model:      t.model,
		Content:    []anthropicBlock{},
		StopReason: &stop,
		Usage:      anthropicUsageOf(t),
	}
	for _, b := range t.choices[0] {
		out.Content = append(out.Content, anthropicBlockOf(b, true))
	}
	return out
}

// anthropicBlockOf returns a block whole, or as a stream begins it: with nothing in it.
func anthropicBlockOf(b block, whole bool) anthropicBlock {
	text, signature := "", ""
	if whole {
		text, signature = b.whole(), anthropicSignature(b)
	}
	switch b.kind {
	case blockThinking:
		return anthropicBlock{Type: "thinking", Thinking: &text, Signature: &signature}
	case blockTool:
		input := json.RawMessage("{}")
		if whole {
			input = json.RawMessage(text)
		}
		return anthropicBlock{Type: "tool_use", ID: "toolu_" + b.id[:24], Name: b.name, Input: input,
			Caller: json.RawMessage(`{"type":"direct"}`)}
	default:
		return anthropicBlock{Type: "text", Text: &text, Citations: json.RawMessage("null")}
	}
}

// anthropicSignature is opaque to clients, who have to send it back as it is.
func anthropicSignature(b block) string { return "Eq" + b.id + "==" }
