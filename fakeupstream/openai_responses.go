package fakeupstream

import (
	"encoding/json"
	"slices"
)

// openaiResponse is the answer of POST /v1/responses, and a part of several of its events.
type openaiResponse struct {
	ID                 string                `json:"id"`
	Object             string                `json:"object"`
	CreatedAt          int64                 `json:"created_at"`
	Status             string                `json:"status"`
	Background         bool                  `json:"background"`
	Error              *openaiResponseError  `json:"error"`
	IncompleteDetails  *openaiIncomplete     `json:"incomplete_details"`
	Instructions       json.RawMessage       `json:"instructions"`
	MaxOutputTokens    *int                  `json:"max_output_tokens"`
	Model              string                `json:"model"`
	Output             []openaiOutput        `json:"output"`
	ParallelToolCalls  bool                  `json:"parallel_tool_calls"`
	PreviousResponseID *string               `json:"previous_response_id"`
	Reasoning          openaiReasoning       `json:"reasoning"`
	ServiceTier        string                `json:"service_tier"`
	Temperature        float64               `json:"temperature"`
	ToolChoice         json.RawMessage       `json:"tool_choice"`
	Tools              json.RawMessage       `json:"tools"`
	TopP               float64               `json:"top_p"`
	Truncation         string                `json:"truncation"`
	Usage              *openaiResponsesUsage `json:"usage"` // null until the response is over
	Metadata           struct{}              `json:"metadata"`
	AccessPrograms     openaiAccess          `json:"access_programs"`
}

type openaiAccess struct {
	Cyber string `json:"cyber"`
}

type openaiResponseError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type openaiIncomplete struct {
	Reason string `json:"reason"`
}

type openaiReasoning struct {
	Effort  *string `json:"effort"`
	Summary *string `json:"summary"`
}

// openaiOutput is one item of a response: a message, a reasoning, or a function's call. Each has some of the fields.
type openaiOutput struct {
	ID        string           `json:"id"`
	Type      string           `json:"type"`
	Status    string           `json:"status,omitempty"`
	Role      string           `json:"role,omitempty"`
	Content   *[]openaiPart    `json:"content,omitempty"`
	Summary   *[]openaiSummary `json:"summary,omitempty"`
	Encrypted string           `json:"encrypted_content,omitempty"`
	CallID    string           `json:"call_id,omitempty"`
	Name      string           `json:"name,omitempty"`
	Arguments *string          `json:"arguments,omitempty"`
}

type openaiPart struct {
	Type        string   `json:"type"`
	Text        string   `json:"text"`
	Annotations []string `json:"annotations"`
	Logprobs    []string `json:"logprobs"`
}

type openaiSummary struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type openaiResponsesUsage struct {
	InputTokens        int `json:"input_tokens"`
	InputTokensDetails struct {
		CachedTokens     int `json:"cached_tokens"`
		CacheWriteTokens int `json:"cache_write_tokens"`
	} `json:"input_tokens_details"`
	OutputTokens        int `json:"output_tokens"`
	OutputTokensDetails struct {
		ReasoningTokens int `json:"reasoning_tokens"`
	} `json:"output_tokens_details"`
	TotalTokens int `json:"total_tokens"`
}

func openaiPartOf(text string) openaiPart {
	return openaiPart{Type: "output_text", Text: text, Annotations: []string{}, Logprobs: []string{}}
}

// openaiOutputOf returns a block as an item: whole, or as it is when nothing of it was said yet.
func openaiOutputOf(x *exchange, b block, whole bool) openaiOutput {
	status, text := "in_progress", ""
	if whole {
		status, text = "completed", b.whole()
	}
	switch b.kind {
	case blockTool:
		return openaiOutput{ID: "fc_" + b.id, Type: "function_call", Status: status, CallID: openaiCallID(b), Name: b.name, Arguments: &text}
	case blockThinking:
		summary := []openaiSummary{}
		if whole && x.summarizes() {
			summary = append(summary, openaiSummary{"summary_text", text})
		}
		out := openaiOutput{ID: "rs_" + b.id, Type: "reasoning", Summary: &summary}
		if slices.Contains(x.asked.Include, "reasoning.encrypted_content") {
			out.Encrypted = "gAAAA" + b.id
		}
		return out
	default:
		parts := []openaiPart{}
		if whole {
			parts = append(parts, openaiPartOf(text))
		}
		return openaiOutput{ID: "msg_" + b.id, Type: "message", Status: status, Role: "assistant", Content: &parts}
	}
}

// summarizes tells whether the response shows what was thought: the request has to ask for it, or the script.
func (x *exchange) summarizes() bool {
	return x.asked.Reasoning.Summary != "" || x.answer.Say.Thinking != nil
}

// openaiResponseOf returns the response object; only one that is over has output and usage.
func openaiResponseOf(x *exchange, t turn, over bool) openaiResponse {
	out := openaiResponse{
		ID:                "resp_" + x.id("response", 32),
		Object:            "response",
		CreatedAt:         x.now.Unix(),
		Status:            "in_progress",
		Model:             t.model,
		Instructions:      either(x.asked.Instructions, "null"),
		Output:            []openaiOutput{},
		ParallelToolCalls: true,
		ServiceTier:       "default",
		Temperature:       1,
		ToolChoice:        either(x.asked.ToolChoice, `"auto"`),
		Tools:             either(x.asked.Tools, "[]"),
		TopP:              1,
		Truncation:        "disabled",
		AccessPrograms:    openaiAccess{"standard"},
	}
	if s := x.asked.Reasoning.Effort; s != "" {
		out.Reasoning.Effort = &s
	}
	if s := x.asked.Reasoning.Summary; s != "" {
		out.Reasoning.Summary = &s
	}
	if over {
		out.end(x, t)
	}
	return out
}

// end says how a response came to its end, which is its status.
func (r *openaiResponse) end(x *exchange, t turn) {
	switch t.finish {
	case FinishLength:
		r.Status, r.IncompleteDetails = "incomplete", &openaiIncomplete{"max_output_tokens"}
	case FinishFilter:
		r.Status, r.IncompleteDetails = "incomplete", &openaiIncomplete{"content_filter"}
	case FinishFailed:
		r.Status, r.Error = "failed", &openaiResponseError{"server_error", openaiServerError}
		return // it has neither output nor usage
	default:
		r.Status = "completed"
	}
	for _, b := range t.choices[0] {
		r.Output = append(r.Output, openaiOutputOf(x, b, true))
	}
	if n := len(r.Output); r.Status == "incomplete" && n > 0 && r.Output[n-1].Status != "" {
		r.Output[n-1].Status = "incomplete"
	}
	r.Usage = &openaiResponsesUsage{InputTokens: t.in, OutputTokens: t.out, TotalTokens: t.in + t.out}
	r.Usage.InputTokensDetails.CachedTokens = t.cached
	r.Usage.OutputTokensDetails.ReasoningTokens = t.thought
}

func either(raw json.RawMessage, otherwise string) json.RawMessage {
	if raw == nil {
		return json.RawMessage(otherwise)
	}
	return raw
}
