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
	Role        string   `json:"role"`
	Content     string   `json:"content"`
	Refusal     *string  `json:"refusal"`
	Annotations []string `json:"annotations"`
}

type openaiUsage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	TotalTokens      int `json:"total_tokens"`
}

func openaiUsageOf(x *exchange, n int) openaiUsage {
	in := x.inputTokens()
	return openaiUsage{PromptTokens: in, CompletionTokens: n, TotalTokens: in + n}
}

func openaiCompletionOf(x *exchange) openaiCompletion {
	return openaiCompletion{
		ID:      "chatcmpl-" + x.id("completion", 29),
		Object:  "chat.completion",
		Created: x.now.Unix(),
		Model:   x.model(openaiModel),
		Choices: []openaiChoice{{
			Message:      openaiMessage{Role: "assistant", Content: content(defaultEvents), Annotations: []string{}},
			FinishReason: "stop",
		}},
		Usage:             openaiUsageOf(x, defaultEvents),
		ServiceTier:       "default",
		SystemFingerprint: "fp_" + x.id("fingerprint", 10),
	}
}

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
}

type openaiChunkChoice struct {
	Index        int         `json:"index"`
	Delta        openaiDelta `json:"delta"`
	Logprobs     *struct{}   `json:"logprobs"`
	FinishReason *string     `json:"finish_reason"`
}

type openaiDelta struct {
	Role    string  `json:"role,omitempty"`
	Content *string `json:"content,omitempty"`
}

// openaiChatEvents streams a role chunk, n content deltas, a chunk with the finish reason, a usage chunk when the
// request asked for one, and [DONE]. The events have no names.
func openaiChatEvents(x *exchange, n int) iter.Seq[event] {
	c := openaiCompletionOf(x)
	chunk := openaiChunk{ID: c.ID, Object: "chat.completion.chunk", Created: c.Created, Model: c.Model,
		ServiceTier: c.ServiceTier, SystemFingerprint: c.SystemFingerprint}
	if x.asked.StreamOptions.IncludeUsage {
		chunk.Usage = json.RawMessage("null") // the vendor says so in every chunk but the last
	}
	with := func(delta openaiDelta, finish *string) []byte {
		chunk.Choices = []openaiChunkChoice{{Delta: delta, FinishReason: finish}}
		return sse("", marshal(chunk))
	}
	return func(yield func(event) bool) {
		empty, stop := "", "stop"
		if !yield(event{bytes: with(openaiDelta{Role: "assistant", Content: &empty}, nil)}) {
			return
		}
		for i := 1; i <= n; i++ {
			text := delta(i)
			if !yield(event{bytes: with(openaiDelta{Content: &text}, nil), content: i}) {
				return
			}
		}
		if !yield(event{bytes: with(openaiDelta{}, &stop)}) {
			return
		}
		if x.asked.StreamOptions.IncludeUsage {
			last := chunk
			last.Choices, last.Usage = []openaiChunkChoice{}, marshal(openaiUsageOf(x, n))
			if !yield(event{bytes: sse("", marshal(last))}) {
				return
			}
		}
		yield(event{bytes: sse("", []byte("[DONE]"))})
	}
}
