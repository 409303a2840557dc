package fakeupstream_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// seenRefusal is the error of a body, in either vendor's shape.
type seenRefusal struct {
	Error struct{ Code, Type, Message string }
}

// told is the error's code, and what else of it the form is about.
func (r seenRefusal) told(f fakeupstream.Form) string {
	name := r.Error.Code
	if name == "" {
		name = r.Error.Type
	}
	switch {
	case strings.HasPrefix(f.Text, "type="):
		name += " of type " + r.Error.Type
	case strings.Contains(f.Text, "message="):
		name += fmt.Sprintf(" %q", r.Error.Message)
	}
	return " " + name
}

// said is what a client's decoder takes out of a whole answer.
type said struct {
	Thinking, Text, Tools string
	Model, Finish         string
	In, Out, Cached       int
}

// plainSaid is what is said to the player's request by an answer of which the script says nothing.
func plainSaid() said { return said{Text: "1 2 3 ", Model: "m", Finish: "stop", In: 9} }

// saidIn decodes a chat completion or a message.
func saidIn(body []byte) said {
	var got struct {
		Model   string
		Choices []struct {
			Message struct {
				Content   string
				ToolCalls []struct{ Function struct{ Name string } } `json:"tool_calls"`
			}
			FinishReason string `json:"finish_reason"`
		}
		Content    []struct{ Type, Text, Thinking string }
		StopReason string `json:"stop_reason"`
		Usage      struct {
			PromptTokens        int `json:"prompt_tokens"`
			CompletionTokens    int `json:"completion_tokens"`
			PromptTokensDetails struct {
				CachedTokens int `json:"cached_tokens"`
			} `json:"prompt_tokens_details"`
			InputTokens  int `json:"input_tokens"`
			OutputTokens int `json:"output_tokens"`
		}
	}
	_ = json.Unmarshal(body, &got) // of another shape nothing is told
	out := said{Model: got.Model, Finish: got.StopReason, In: got.Usage.PromptTokens + got.Usage.InputTokens,
		Out: got.Usage.CompletionTokens + got.Usage.OutputTokens, Cached: got.Usage.PromptTokensDetails.CachedTokens}
	for _, b := range got.Content {
		out.Thinking, out.Text = out.Thinking+b.Thinking, out.Text+b.Text
	}
	for _, c := range got.Choices {
		out.Text, out.Finish = out.Text+c.Message.Content, c.FinishReason
		var tools []string
		for _, call := range c.Message.ToolCalls {
			tools = append(tools, call.Function.Name)
		}
		out.Tools = strings.Join(tools, " and ")
	}
	return out
}

// told is what of it is unlike a plain answer.
func (s said) told() string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	plain := plainSaid()
	if s.Thinking != plain.Thinking {
		add("thinking %q", s.Thinking)
	}
	if s.Text != plain.Text && s.Text != "" {
		add("saying %q", s.Text)
	}
	if s.Tools != plain.Tools {
		add("calling %s", s.Tools)
	}
	if s.Model != plain.Model && s.Model != "" {
		add("of the model %s", s.Model)
	}
	if s.In != plain.In && s.In != 0 {
		add("counting %d tokens in and %d out", s.In, s.Out)
	}
	if s.Cached != plain.Cached {
		add("%d of them cached", s.Cached)
	}
	if s.Finish != plain.Finish && s.Finish != "end_turn" && s.Finish != "" {
		add("finishing with %s", s.Finish)
	}
	if len(out) == 0 {
		return " with a body"
	}
	return " " + strings.Join(out, ", ")
}
