package fakeupstream

import (
	"bytes"
	"encoding/json"
)

// asked is what the fakes read of a request's JSON body, whichever vendor it is written for. Anything else, and a
// body that is not JSON, is ignored.
type asked struct {
	Model         string          `json:"model"`
	Stream        bool            `json:"stream"`
	Input         json.RawMessage `json:"input"`
	Messages      json.RawMessage `json:"messages"`
	System        json.RawMessage `json:"system"`
	Instructions  json.RawMessage `json:"instructions"`
	Tools         json.RawMessage `json:"tools"`
	ToolChoice    json.RawMessage `json:"tool_choice"`
	MaxTokens     *int            `json:"max_tokens"`
	N             int             `json:"n"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	Thinking struct {
		Type string `json:"type"` // Anthropic: "enabled", "adaptive" or "disabled"
	} `json:"thinking"`
	ReasoningEffort string `json:"reasoning_effort"` // OpenAI, chat completions
	Reasoning       struct {
		Effort  string `json:"effort"`
		Summary string `json:"summary"`
	} `json:"reasoning"` // OpenAI, responses
	Include        []string `json:"include"`
	EncodingFormat string   `json:"encoding_format"`
	Dimensions     int      `json:"dimensions"`
}

func readAsked(body []byte) asked {
	var a asked
	_ = json.Unmarshal(body, &a) // a request that makes no sense is answered all the same: the script decides
	return a
}

// prompt counts the bytes that a model would read: what is the same whether the answer is to stream or not.
func (a asked) prompt() int {
	n := 0
	for _, part := range []json.RawMessage{a.Input, a.Messages, a.System, a.Instructions, a.Tools} {
		n += len(part)
	}
	return n
}

// askedTool is a function that the request offers to the model.
type askedTool struct {
	name   string
	schema json.RawMessage // JSON Schema of its arguments; nil: none was given
}

// tools returns the functions that the request offers, in any of the three shapes: OpenAI's chat completions put
// them into "function", the Responses API beside the type, Anthropic calls the schema input_schema. Tools that the
// vendor itself runs have no schema, and are left out.
func (a asked) tools() []askedTool {
	var list []struct {
		Type        string          `json:"type"`
		Name        string          `json:"name"`
		Parameters  json.RawMessage `json:"parameters"`
		InputSchema json.RawMessage `json:"input_schema"`
		Function    struct {
			Name       string          `json:"name"`
			Parameters json.RawMessage `json:"parameters"`
		} `json:"function"`
	}
	_ = json.Unmarshal(a.Tools, &list)
	var out []askedTool
	for _, t := range list {
		switch {
		case t.Function.Name != "":
			out = append(out, askedTool{t.Function.Name, t.Function.Parameters})
		case t.Name != "" && (t.Type == "function" || t.InputSchema != nil):
			out = append(out, askedTool{t.Name, append(t.InputSchema, t.Parameters...)})
		}
	}
	return out
}

// choice returns what the request's tool_choice says: "none", "auto" and "any" (OpenAI's "required"), or "tool" with
// the name of the one that has to be called.
func (a asked) choice() (kind, name string) {
	var word string
	if json.Unmarshal(a.ToolChoice, &word) == nil && word != "" {
		if word == "required" {
			word = "any"
		}
		return word, ""
	}
	var choice struct {
		Type, Name string
		Function   struct{ Name string }
	}
	_ = json.Unmarshal(a.ToolChoice, &choice)
	if name := choice.Name + choice.Function.Name; name != "" {
		return "tool", name
	}
	if choice.Type == "" {
		return "auto", ""
	}
	return choice.Type, ""
}

// answersTool tells whether the request's last message is what a tool said, so that the model has what it wanted.
func (a asked) answersTool() bool {
	messages := a.Messages
	if messages == nil {
		messages = a.Input
	}
	var list []struct {
		Type    string          `json:"type"`
		Role    string          `json:"role"`
		Content json.RawMessage `json:"content"`
	}
	if json.Unmarshal(messages, &list) != nil || len(list) == 0 {
		return false
	}
	last := list[len(list)-1]
	return last.Role == "tool" || last.Type == "function_call_output" || bytes.Contains(last.Content, []byte(`"tool_result"`))
}

// thinks tells whether the request asks for a model that thinks before it speaks.
func (a asked) thinks() bool {
	switch {
	case a.Thinking.Type == "enabled" || a.Thinking.Type == "adaptive":
		return true
	case a.ReasoningEffort != "":
		return a.ReasoningEffort != "none"
	default:
		return a.Reasoning.Effort != "" && a.Reasoning.Effort != "none"
	}
}
