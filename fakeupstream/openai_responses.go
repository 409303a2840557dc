package fakeupstream

import "iter"

// openaiResponse is the answer of POST /v1/responses, and a part of several of its events.
type openaiResponse struct {
	ID                string                `json:"id"`
	Object            string                `json:"object"`
	CreatedAt         int64                 `json:"created_at"`
	Status            string                `json:"status"`
	Error             *struct{}             `json:"error"`
	IncompleteDetails *struct{}             `json:"incomplete_details"`
	Instructions      *string               `json:"instructions"`
	Model             string                `json:"model"`
	Output            []openaiOutput        `json:"output"`
	ParallelToolCalls bool                  `json:"parallel_tool_calls"`
	ToolChoice        string                `json:"tool_choice"`
	Tools             []string              `json:"tools"`
	Usage             *openaiResponsesUsage `json:"usage"` // null until the response is completed
}

type openaiOutput struct {
	ID      string       `json:"id"`
	Type    string       `json:"type"`
	Status  string       `json:"status"`
	Role    string       `json:"role"`
	Content []openaiPart `json:"content"`
}

type openaiPart struct {
	Type        string   `json:"type"`
	Text        string   `json:"text"`
	Annotations []string `json:"annotations"`
}

type openaiResponsesUsage struct {
	InputTokens  int `json:"input_tokens"`
	OutputTokens int `json:"output_tokens"`
	TotalTokens  int `json:"total_tokens"`
}

func openaiPartOf(text string) openaiPart {
	return openaiPart{Type: "output_text", Text: text, Annotations: []string{}}
}

// openaiOutputOf returns the one message of a response.
func openaiOutputOf(x *exchange, status string, parts ...openaiPart) openaiOutput {
	if parts == nil {
		parts = []openaiPart{}
	}
	return openaiOutput{ID: "msg_" + x.id("message", 32), Type: "message", Status: status, Role: "assistant", Content: parts}
}

// openaiResponseOf returns the response object; only a completed one has output and usage.
func openaiResponseOf(x *exchange, status string, n int) openaiResponse {
	out := openaiResponse{
		ID:                "resp_" + x.id("response", 32),
		Object:            "response",
		CreatedAt:         x.now.Unix(),
		Status:            status,
		Model:             x.model(openaiModel),
		Output:            []openaiOutput{},
		ParallelToolCalls: true,
		ToolChoice:        "auto",
		Tools:             []string{},
	}
	if status == "completed" {
		in := x.inputTokens()
		out.Output = append(out.Output, openaiOutputOf(x, status, openaiPartOf(content(n))))
		out.Usage = &openaiResponsesUsage{InputTokens: in, OutputTokens: n, TotalTokens: in + n}
	}
	return out
}

// openaiResponseEvent is one event of a streamed response; each kind has some of the fields.
type openaiResponseEvent struct {
	Type           string          `json:"type"`
	SequenceNumber int             `json:"sequence_number"`
	Response       *openaiResponse `json:"response,omitempty"`
	ItemID         string          `json:"item_id,omitempty"`
	OutputIndex    *int            `json:"output_index,omitempty"`
	ContentIndex   *int            `json:"content_index,omitempty"`
	Item           *openaiOutput   `json:"item,omitempty"`
	Part           *openaiPart     `json:"part,omitempty"`
	Delta          string          `json:"delta,omitempty"`
	Text           string          `json:"text,omitempty"`
}

// openaiResponseEvents streams a response: named events with a rising sequence number, and no [DONE].
func openaiResponseEvents(x *exchange, n int) iter.Seq[event] {
	var (
		zero         int
		started      = openaiResponseOf(x, "in_progress", n)
		completed    = openaiResponseOf(x, "completed", n)
		item         = openaiOutputOf(x, "in_progress")
		done         = completed.Output[0]
		blank, whole = openaiPartOf(""), done.Content[0]
	)
	part := func(name string) openaiResponseEvent {
		return openaiResponseEvent{Type: name, ItemID: item.ID, OutputIndex: &zero, ContentIndex: &zero}
	}
	return func(yield func(event) bool) {
		sequence := 0
		send := func(e openaiResponseEvent, content int) bool {
			e.SequenceNumber = sequence
			sequence++
			return yield(event{bytes: sse(e.Type, marshal(e)), content: content})
		}
		added := part("response.content_part.added")
		added.Part = &blank
		opening := send(openaiResponseEvent{Type: "response.created", Response: &started}, 0) &&
			send(openaiResponseEvent{Type: "response.in_progress", Response: &started}, 0) &&
			send(openaiResponseEvent{Type: "response.output_item.added", OutputIndex: &zero, Item: &item}, 0) &&
			send(added, 0)
		if !opening {
			return
		}
		for i := 1; i <= n; i++ {
			e := part("response.output_text.delta")
			e.Delta = delta(i)
			if !send(e, i) {
				return
			}
		}
		text, partDone := part("response.output_text.done"), part("response.content_part.done")
		text.Text, partDone.Part = whole.Text, &whole
		_ = send(text, 0) && send(partDone, 0) &&
			send(openaiResponseEvent{Type: "response.output_item.done", OutputIndex: &zero, Item: &done}, 0) &&
			send(openaiResponseEvent{Type: "response.completed", Response: &completed}, 0)
	}
}
