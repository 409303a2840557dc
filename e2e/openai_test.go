package e2e

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// newOpenAI makes a client of a new fake, whose first answer it gets.
func newOpenAI(t require.TestingT, answer string, models ...string) (openai.Client, *inProcess) {
	fake, client, err := newFake(fakeupstream.OpenAI, answer, models...)
	require.NoError(t, err)
	return openai.NewClient(option.WithAPIKey(key), option.WithHTTPClient(client), option.WithBaseURL("http://vendor.invalid/v1"), option.WithMaxRetries(0)), fake
}

func (c conversation) chatParams() openai.ChatCompletionNewParams {
	p := openai.ChatCompletionNewParams{Model: "drill-1", N: openai.Int(int64(c.n))}
	for i, text := range c.texts {
		if i%2 == 0 {
			p.Messages = append(p.Messages, openai.UserMessage(text))
		} else {
			p.Messages = append(p.Messages, openai.AssistantMessage(text))
		}
	}
	for _, t := range c.tools {
		p.Tools = append(p.Tools, openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: t.name, Parameters: t.schema()}))
	}
	switch c.choice {
	case "":
	case "none":
		p.ToolChoice.OfAuto = openai.String("none")
	case "any":
		p.ToolChoice.OfAuto = openai.String("required")
	default:
		p.ToolChoice = openai.ToolChoiceOptionFunctionToolChoice(openai.ChatCompletionNamedToolChoiceFunctionParam{Name: c.choice})
	}
	if c.thinks {
		p.ReasoningEffort = shared.ReasoningEffortLow
	}
	return p
}

// TestOpenAIChat: whatever is asked, the SDK knows every member of the answer, the stream is in the documented order,
// and what the SDK makes of the stream is what it gets in one piece.
func TestOpenAIChat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := genConversation().Draw(t, "conversation")
		params := c.chatParams()
		client, _ := newOpenAI(t, c.answer)
		whole, err := client.Chat.Completions.New(context.Background(), params)
		require.NoError(t, err)
		require.Empty(t, unfit(whole))
		require.Len(t, whole.Choices, c.n)
		u := whole.Usage
		require.Equal(t, u.TotalTokens, u.PromptTokens+u.CompletionTokens)
		require.LessOrEqual(t, u.CompletionTokensDetails.ReasoningTokens, u.CompletionTokens)
		require.LessOrEqual(t, u.PromptTokensDetails.CachedTokens, u.PromptTokens)
		for _, choice := range whole.Choices {
			for _, call := range choice.Message.ToolCalls {
				require.True(t, c.fitsOne(call.Function.Name, call.Function.Arguments), call.RawJSON())
			}
		}

		if c.usage {
			params.StreamOptions.IncludeUsage = openai.Bool(true)
		}
		client, fake := newOpenAI(t, c.answer)
		stream := client.Chat.Completions.NewStreaming(context.Background(), params)
		var acc openai.ChatCompletionAccumulator
		for stream.Next() {
			require.Empty(t, unfit(stream.Current()))
			require.True(t, acc.AddChunk(stream.Current()))
		}
		require.NoError(t, stream.Err())
		require.NoError(t, chatGrammar(c.n, c.usage).check(fake.last.Body.String()))
		require.Equal(t, chatOf(*whole, c.usage), chatOf(acc.ChatCompletion, c.usage))
	})
}

// chatOf is what of a chat completion has to be the same whether it was streamed or not.
func chatOf(c openai.ChatCompletion, usage bool) map[string]any {
	out := map[string]any{"id": c.ID, "model": c.Model}
	if usage {
		out["tokens"] = []int64{c.Usage.PromptTokens, c.Usage.CompletionTokens, c.Usage.TotalTokens,
			c.Usage.CompletionTokensDetails.ReasoningTokens, c.Usage.PromptTokensDetails.CachedTokens}
	}
	var choices []any
	for _, choice := range c.Choices {
		said := []any{choice.Index, choice.FinishReason, choice.Message.Content}
		for _, call := range choice.Message.ToolCalls {
			said = append(said, call.ID, call.Function.Name, call.Function.Arguments)
		}
		choices = append(choices, said)
	}
	out["choices"] = choices
	return out
}

func (c conversation) responseParams() responses.ResponseNewParams {
	p := responses.ResponseNewParams{Model: "drill-1", Input: responses.ResponseNewParamsInputUnion{OfString: param.NewOpt(strings.Join(c.texts, "\n"))}}
	for _, t := range c.tools {
		p.Tools = append(p.Tools, responses.ToolParamOfFunction(t.name, t.schema(), true))
	}
	switch c.choice {
	case "":
	case "none":
		p.ToolChoice.OfToolChoiceMode = param.NewOpt(responses.ToolChoiceOptionsNone)
	case "any":
		p.ToolChoice.OfToolChoiceMode = param.NewOpt(responses.ToolChoiceOptionsRequired)
	default:
		p.ToolChoice.OfFunctionTool = &responses.ToolChoiceFunctionParam{Name: c.choice}
	}
	if c.thinks {
		p.Reasoning.Effort = shared.ReasoningEffortLow
		if c.summary {
			p.Reasoning.Summary = shared.ReasoningSummaryAuto
			p.Include = []responses.ResponseIncludable{"reasoning.encrypted_content"}
		}
	}
	return p
}

// TestOpenAIResponses is the same for the Responses API, whose last event has the whole answer in it.
func TestOpenAIResponses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := genConversation().Draw(t, "conversation")
		client, _ := newOpenAI(t, c.answer)
		whole, err := client.Responses.New(context.Background(), c.responseParams())
		require.NoError(t, err)
		require.Empty(t, unfit(whole))
		require.Equal(t, whole.Usage.TotalTokens, whole.Usage.InputTokens+whole.Usage.OutputTokens)
		for _, item := range whole.Output {
			if item.Type == "function_call" {
				require.True(t, c.fitsOne(item.Name, item.AsFunctionCall().Arguments), item.RawJSON())
			}
		}

		client, fake := newOpenAI(t, c.answer)
		stream := client.Responses.NewStreaming(context.Background(), c.responseParams())
		var text, arguments strings.Builder
		var last responses.ResponseStreamEventUnion
		for stream.Next() {
			last = stream.Current()
			require.Empty(t, unfit(last))
			switch last.Type {
			case "response.output_text.delta":
				text.WriteString(last.Delta)
			case "response.function_call_arguments.delta":
				arguments.WriteString(last.Delta)
			}
		}
		require.NoError(t, stream.Err())
		require.NoError(t, responsesGrammar().check(fake.last.Body.String()))
		require.Equal(t, withoutTime(t, whole.RawJSON()), withoutTime(t, last.Response.RawJSON()))
		if c.failed {
			require.Equal(t, responses.ResponseStatusFailed, whole.Status)
			return
		}
		var called strings.Builder
		for _, item := range whole.Output {
			if item.Type == "function_call" {
				called.WriteString(item.AsFunctionCall().Arguments)
			}
		}
		require.Equal(t, whole.OutputText(), text.String())
		require.Equal(t, called.String(), arguments.String())
	})
}

// withoutTime leaves the second away in which an answer was made.
func withoutTime(t require.TestingT, raw string) map[string]any {
	var out map[string]any
	require.NoError(t, json.Unmarshal([]byte(raw), &out))
	delete(out, "created_at")
	return out
}

// TestOpenAILists: embeddings in both encodings, and models.
func TestOpenAILists(t *testing.T) {
	ctx := context.Background()
	embed := func(format openai.EmbeddingNewParamsEncodingFormat, texts ...string) (*openai.CreateEmbeddingResponse, string) {
		client, fake := newOpenAI(t, "200")
		got, err := client.Embeddings.New(ctx, openai.EmbeddingNewParams{
			Model: "text-embedding-3-small", EncodingFormat: format, Dimensions: openai.Int(5),
			Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: texts},
		})
		require.NoError(t, err)
		return got, fake.last.Body.String()
	}
	floats, _ := embed("float", "one", "two", "one")
	require.Empty(t, unfit(floats))
	require.Len(t, floats.Data, 3)
	require.Len(t, floats.Data[0].Embedding, 5)
	require.Equal(t, floats.Data[0].Embedding, floats.Data[2].Embedding, "the same text")
	require.NotEqual(t, floats.Data[0].Embedding, floats.Data[1].Embedding)

	client, _ := newOpenAI(t, "200 strict", "m1", "m2")
	page, err := client.Models.List(ctx)
	require.NoError(t, err)
	require.Empty(t, unfit(page))
	require.Len(t, page.Data, 2)
	one, err := client.Models.Get(ctx, "m2")
	require.NoError(t, err)
	require.Empty(t, unfit(one))
	require.Equal(t, "m2", one.ID)
	_, err = client.Models.Get(ctx, "m3")
	var refused *openai.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 404, refused.StatusCode)
	require.Equal(t, "model_not_found", refused.Code)
	require.Empty(t, unfit(*refused))
	_, err = io.Copy(io.Discard, refused.Response.Body)
	require.NoError(t, err)
}
