package e2e

import (
	"context"
	"errors"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/shared"
)

// weather is the tool that models may call.
var weather = tool{"get_weather", map[string]any{"city": map[string]any{"type": "string"}}, []string{"city"}}

var errBroken = errors.New("the stream does not fit together")

func chatParams() openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model: "drill-1", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hello")},
	}
}

// chat asks once, and puts a stream together.
func chat(ctx context.Context, c openai.Client, p openai.ChatCompletionNewParams, stream bool) (*openai.ChatCompletion, error) {
	if !stream {
		return c.Chat.Completions.New(ctx, p)
	}
	s := c.Chat.Completions.NewStreaming(ctx, p)
	defer s.Close()
	var acc openai.ChatCompletionAccumulator
	for s.Next() {
		if !acc.AddChunk(s.Current()) {
			return nil, errBroken
		}
	}
	return &acc.ChatCompletion, s.Err()
}

func askOpenAI(ctx context.Context, w *way, retries int, stream bool) (string, error) {
	got, err := chat(ctx, w.openai(retries), chatParams(), stream)
	if err != nil || len(got.Choices) != 1 {
		return "", errors.Join(err, errNot(err, "one choice"))
	}
	return got.Choices[0].Message.Content, nil
}

// useOpenAI lets the model call a tool, and tells it the result.
func useOpenAI(ctx context.Context, w *way, stream bool) (called []string, err error) {
	c, p := w.openai(0), chatParams()
	p.Tools = append(p.Tools, openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: weather.name, Parameters: weather.schema()}))
	got, err := chat(ctx, c, p, stream)
	if err != nil || len(got.Choices) != 1 {
		return nil, errors.Join(err, errNot(err, "one choice"))
	}
	p.Messages = append(p.Messages, got.Choices[0].Message.ToParam())
	for _, call := range got.Choices[0].Message.ToolCalls {
		called = append(called, call.Function.Name+" "+call.Function.Arguments)
		p.Messages = append(p.Messages, openai.ToolMessage("sunny", call.ID))
	}
	_, err = chat(ctx, c, p, stream)
	return called, err
}

func messageParams() anthropic.MessageNewParams {
	return anthropic.MessageNewParams{
		Model: "drill-1", MaxTokens: 100,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("hello"))},
	}
}

// message asks once, and puts a stream together.
func message(ctx context.Context, c anthropic.Client, p anthropic.MessageNewParams, stream bool) (*anthropic.Message, error) {
	if !stream {
		return c.Messages.New(ctx, p)
	}
	s := c.Messages.NewStreaming(ctx, p)
	defer s.Close()
	var acc anthropic.Message
	for s.Next() {
		if err := acc.Accumulate(s.Current()); err != nil {
			return nil, err
		}
	}
	return &acc, s.Err()
}

func askAnthropic(ctx context.Context, w *way, retries int, stream bool) (string, error) {
	got, err := message(ctx, w.anthropic(retries), messageParams(), stream)
	if err != nil || len(got.Content) != 1 {
		return "", errors.Join(err, errNot(err, "one block"))
	}
	return got.Content[0].Text, nil
}

// useAnthropic lets the model call a tool, and tells it the result.
func useAnthropic(ctx context.Context, w *way, stream bool) (called []string, err error) {
	c, p := w.anthropic(0), messageParams()
	p.Tools = append(p.Tools, anthropic.ToolUnionParamOfTool(anthropic.ToolInputSchemaParam{Properties: weather.properties, Required: weather.required}, weather.name))
	got, err := message(ctx, c, p, stream)
	if err != nil {
		return nil, err
	}
	p.Messages = append(p.Messages, got.ToParam())
	var results []anthropic.ContentBlockParamUnion
	for _, block := range got.Content {
		if block.Type == "tool_use" {
			called = append(called, block.Name+" "+string(block.Input))
			results = append(results, anthropic.NewToolResultBlock(block.ID, "sunny", false))
		}
	}
	p.Messages = append(p.Messages, anthropic.NewUserMessage(results...))
	_, err = message(ctx, c, p, stream)
	return called, err
}

// errNot says what an answer without an error lacks.
func errNot(err error, what string) error {
	if err != nil {
		return nil
	}
	return errors.New("the answer has not " + what)
}
