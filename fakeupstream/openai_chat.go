package fakeupstream

import (
	"encoding/json"
	"iter"
)

// openaiCompletion is the answer of POST /v1/chat/completions.
type openaiCompletion struct {
	ID                string         `json:"id"`
	Object            string         `json:"object"`
	Created           int64          `json:"created"`
	Model             string         `json:"model"`
	Choices           []openaiChoice `json:"choices"`
	Usage             openaiUsage    `json:"usage"`
	ServiceTier       string         `json:"service_tier"`
	SystemFingerprint string         `json:"system_fingerprint"`
}

type openaiChoice struct {
	Index        int           `json:"index"`
	Message      openaiMessage `json:"message"`
	Logprobs     *struct{}     `json:"logprobs"`
	FinishReason string        `json:"finish_reason"`
}

type openaiMessage struct {
	Role        string           `json:"role"`
	Content     *string          `json:"content"` // null beside tool calls
	ToolCalls   []openaiToolCall `json:"tool_calls,omitempty"`
	Refusal     *string          `json:"refusal"`
	Annotations []string         `json:"annotations"`
}

// openaiToolCall is a call in a message, and with an index a fragment of one in a stream.
type openaiToolCall struct {
	Index    *int           `json:"index,omitempty"`
	ID       string         `json:"id,omitempty"`
	Type     string         `json:"type,omitempty"`
	Function openaiFunction `json:"function"`
}

type openaiFunction struct {
	Name      string `json:"name,omitempty"`
	Arguments string `json:"arguments"`
}

type openaiUsage struct {
	PromptTokens            int                    `json:"prompt_tokens"`
	CompletionTokens        int                    `json:"completion_tokens"`
	TotalTokens             int                    `json:"total_tokens"`
	PromptTokensDetails     openaiPromptDetail     `json:"prompt_tokens_details"`
	CompletionTokensDetails openaiCompletionDetail `json:"completion_tokens_details"`
}

type openaiPromptDetail struct {
	CachedTokens int `json:"cached_tokens"`
	AudioTokens  int `json:"audio_tokens"`
}

type openaiCompletionDetail struct {
	ReasoningTokens          int `json:"reasoning_tokens"`
	AudioTokens              int `json:"audio_tokens"`
	AcceptedPredictionTokens int `json:"accepted_prediction_tokens"`
	RejectedPredictionTokens int `json:"rejected_prediction_tokens"`
}

func openaiUsageOf(t turn) openaiUsage {
	return openaiUsage{PromptTokens: t.in, CompletionTokens: t.out, TotalTokens: t.in + t.out,
		PromptTokensDetails:     openaiPromptDetail{CachedTokens: t.cached},
		CompletionTokensDetails: openaiCompletionDetail{ReasoningTokens: t.thought}}
}

// openaiFinish is the finish_reason. A chat completion cannot say that it failed.
func openaiFinish(f Finish) string {
	switch f {
	case FinishLength:
		return "length"
	case FinishTools:
		return "tool_calls"
	case FinishFilter:
		return "content_filter"
	default:
		return "stop"
	}
}

func openaiCompletionOf(x *exchange) openaiCompletion {
	t := turnOf(x, openaiModel, x.asked.N)
	out := openaiCompletion{
		ID:                "chatcmpl-" + x.id("completion", 29),
		Object:            "chat.completion",
		Created:           x.now.Unix(),
		Model:             t.model,
		Usage:             openaiUsageOf(t),
		ServiceTier:       "default",
		SystemFingerprint: "fp_" + x.id("fingerprint", 10),
	}
	for i, blocks := range t.choices {
		out.Choices = append(out.Choices, openaiChoice{
			Index: i, Message: openaiMessageOf(blocks), FinishReason: openaiFinish(t.finish),
		})
	}
	return out
}

// openaiMessageOf leaves thoughts away: a chat completion shows them in its usage only.
func openaiMessageOf(blocks []block) openaiMessage {
	out := openaiMessage{Role: "assistant", Annotations: []string{}}
	for _, b := range blocks {
		switch b.kind {
		case blockText:
			text := b.whole()
			out.Content = &text
		case blockTool:
			out.ToolCalls = append(out.ToolCalls, openaiToolCall{ID: openaiCallID(b), Type: "function", Function: openaiFunction{b.name, b.whole()}})
		}
	}
	if out.Content == nil && out.ToolCalls == nil {
		out.Content = new(string)
	}
	return out
}

func openaiCallID(b block) string { return "call_" + b.id[:24] }

// openaiChunk is one event of a streamed chat completion.
type openaiChunk struct {
	ID                string              `json:"id"`
	Object            string              `json:"object"`
	Created           int64               `json:"created"`
	Model             string              `json:"model"`
	ServiceTier       string              `json:"service_tier"`
	SystemFingerprint string              `json:"system_fingerprint"`
	Choices           []openaiChunkChoice `json:"choices"` // empty in the usage chunk
	Usage             json.RawMessage     `json:"usage,omitempty"`

	content int // the number of the content event that it is; 0: it is none
}

type openaiChunkChoice struct {
	Index        int         `json:"index"`
	Delta        openaiDelta `json:"delta"`
	Logprobs     *struct{}   `json:"logprobs"`
	FinishReason *string     `json:"finish_reason"`
}

type openaiDelta struct {
	Role      string           `json:"role,omitempty"`
	Content   *string          `json:"content,omitempty"`
	ToolCalls []openaiToolCall `json:"tool_calls,omitempty"`
}

// openaiChatEvents streams the chunks of a chat completion, and [DONE]. The events have no names.
func openaiChatEvents(x *exchange) iter.Seq[event] {
	return func(yield func(event) bool) {
		for _, c := range openaiChunks(x) {
			if !yield(event{bytes: sse("", marshal(c)), content: c.content}) {
				return
			}
		}
		yield(event{bytes: sse("", []byte("[DONE]"))})
	}
}

// openaiChunks returns for each choice a role chunk, then the content in turns, then for each choice a chunk with its
// finish reason, and a usage chunk when the request asked for one.
func openaiChunks(x *exchange) []openaiChunk {
	c := openaiCompletionOf(x)
	t := turnOf(x, openaiModel, x.asked.N)
	blank := openaiChunk{ID: c.ID, Object: "chat.completion.chunk", Created: c.Created, Model: c.Model,
		ServiceTier: c.ServiceTier, SystemFingerprint: c.SystemFingerprint}
	if x.asked.StreamOptions.IncludeUsage {
		blank.Usage = json.RawMessage("null") // the vendor says so in every chunk but the last
	}
	var out []openaiChunk
	add := func(choice int, d openaiDelta, finish *string, content int) {
		chunk := blank
		chunk.Choices = []openaiChunkChoice{{Index: choice, Delta: d, FinishReason: finish}}
		chunk.content = content
		out = append(out, chunk)
	}
	deltas := make([][]chatDelta, len(t.choices))
	longest := 0
	for i, blocks := range t.choices {
		opening := openaiDelta{Role: "assistant"}
		if c.Choices[i].Message.Content != nil {
			opening.Content = new(string)
		}
		add(i, opening, nil, 0)
		deltas[i] = openaiDeltas(blocks)
		longest = max(longest, len(deltas[i]))
	}
	content := 0
	for step := range longest {
		for i := range deltas {
			if step >= len(deltas[i]) {
				continue
			}
			d, n := deltas[i][step], 0
			if d.counts {
				content++
				n = content
			}
			add(i, d.openaiDelta, nil, n)
		}
	}
	for i, choice := range c.Choices {
		add(i, openaiDelta{}, &choice.FinishReason, 0)
	}
	if x.asked.StreamOptions.IncludeUsage {
		last := blank
		last.Choices, last.Usage = []openaiChunkChoice{}, marshal(c.Usage)
		out = append(out, last)
	}
	return out
}

// chatDelta is one delta, and whether it is a content event.
type chatDelta struct {
	openaiDelta
	counts bool
}

// openaiDeltas returns what a stream says of a choice: of a call first its id and name, then its arguments.
func openaiDeltas(blocks []block) []chatDelta {
	var out []chatDelta
	calls := 0
	for _, b := range blocks {
		index := calls
		if b.kind == blockTool {
			calls++
			out = append(out, chatDelta{openaiDelta: openaiDelta{ToolCalls: []openaiToolCall{{
				Index: &index, ID: openaiCallID(b), Type: "function", Function: openaiFunction{Name: b.name},
			}}}})
		}
		for _, part := range b.parts {
			switch b.kind {
			case blockText:
				out = append(out, chatDelta{openaiDelta{Content: &part}, true})
			case blockTool:
				out = append(out, chatDelta{openaiDelta{ToolCalls: []openaiToolCall{{Index: &index, Function: openaiFunction{Arguments: part}}}}, true})
			}
		}
	}
	return out
}
