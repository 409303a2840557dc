package e2e

import (
	"context"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

func newAnthropic(t require.TestingT, answer string, models ...string) (anthropic.Client, *inProcess) {
	fake, client, err := newFake(fakeupstream.Anthropic, answer, models...)
	require.NoError(t, err)
	return anthropic.NewClient(option.WithAPIKey(key), option.WithHTTPClient(client), option.WithBaseURL("http://vendor.invalid"), option.WithMaxRetries(0)), fake
}

func (c conversation) messageParams() anthropic.MessageNewParams {
	p := anthropic.MessageNewParams{Model: "drill-1", MaxTokens: 2000}
	for i, text := range c.texts {
		block := anthropic.NewTextBlock(text)
		if i%2 == 0 {
			p.Messages = append(p.Messages, anthropic.NewUserMessage(block))
		} else {
			p.Messages = append(p.Messages, anthropic.NewAssistantMessage(block))
		}
	}
	for _, t := range c.tools {
		p.Tools = append(p.Tools, anthropic.ToolUnionParamOfTool(anthropic.ToolInputSchemaParam{Properties: t.properties, Required: t.required}, t.name))
	}
	switch c.choice {
	case "":
	case "none":
		p.ToolChoice.OfNone = &anthropic.ToolChoiceNoneParam{}
	case "any":
		p.ToolChoice.OfAny = &anthropic.ToolChoiceAnyParam{}
	default:
		p.ToolChoice = anthropic.ToolChoiceParamOfTool(c.choice)
	}
	if c.thinks {
		p.Thinking = anthropic.ThinkingConfigParamOfEnabled(1024)
	}
	return p
}

// TestAnthropicMessages: whatever is asked, the SDK knows every member of the answer, the stream is in the documented
// order, and what the SDK makes of the stream is what it gets in one piece.
func TestAnthropicMessages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := genConversation().Draw(t, "conversation")
		client, _ := newAnthropic(t, c.answer)
		whole, err := client.Messages.New(context.Background(), c.messageParams())
		require.NoError(t, err)
		require.Empty(t, unfit(whole))
		require.LessOrEqual(t, whole.Usage.OutputTokensDetails.ThinkingTokens, whole.Usage.OutputTokens)
		for _, block := range whole.Content {
			if block.Type == "tool_use" {
				require.True(t, c.fitsOne(block.Name, string(block.Input)), block.RawJSON())
			}
		}

		client, fake := newAnthropic(t, c.answer)
		stream := client.Messages.NewStreaming(context.Background(), c.messageParams())
		var acc anthropic.Message
		for stream.Next() {
			require.Empty(t, unfit(stream.Current()))
			require.NoError(t, acc.Accumulate(stream.Current()))
		}
		require.NoError(t, stream.Err())
		require.NoError(t, messagesGrammar().check(fake.last.Body.String()))
		require.Equal(t, messageOf(*whole), messageOf(acc))
	})
}

// messageOf is what of a message has to be the same whether it was streamed or not.
func messageOf(m anthropic.Message) []any {
	u := m.Usage
	out := []any{m.ID, m.Model, m.StopReason, u.InputTokens, u.OutputTokens, u.CacheReadInputTokens, u.OutputTokensDetails.ThinkingTokens}
	for _, b := range m.Content {
		out = append(out, b.Type, b.Text, b.Thinking, b.Signature, b.ID, b.Name, string(b.Input))
	}
	return out
}

// TestAnthropicCountsWhatItCharges: count_tokens says what a message's input will be.
func TestAnthropicCountsWhatItCharges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := genConversation().Draw(t, "conversation")
		p := c.messageParams()
		client, _ := newAnthropic(t, "200")
		whole, err := client.Messages.New(context.Background(), p)
		require.NoError(t, err)
		count := anthropic.MessageCountTokensParams{Model: p.Model, Messages: p.Messages}
		for _, tool := range p.Tools {
			count.Tools = append(count.Tools, anthropic.MessageCountTokensToolUnionParam{OfTool: tool.OfTool})
		}
		got, err := client.Messages.CountTokens(context.Background(), count)
		require.NoError(t, err)
		require.Empty(t, unfit(got))
		require.Equal(t, whole.Usage.InputTokens, got.InputTokens)
	})
}

// TestAnthropicModels pages through the list with the SDK's own pager.
func TestAnthropicModels(t *testing.T) {
	ctx := context.Background()
	models := []string{"m1", "m2", "m3", "m4", "m5"}
	client, _ := newAnthropic(t, "200 strict", models...)
	for limit := int64(1); limit <= 6; limit++ {
		pager := client.Models.ListAutoPaging(ctx, anthropic.ModelListParams{Limit: anthropic.Int(limit)})
		var got []string
		for pager.Next() {
			m := pager.Current()
			require.Empty(t, unfit(m))
			got = append(got, m.ID)
		}
		require.NoError(t, pager.Err())
		require.Equal(t, models, got, "limit %d", limit)
	}
	back, err := client.Models.List(ctx, anthropic.ModelListParams{Limit: anthropic.Int(2), BeforeID: anthropic.String("m4")})
	require.NoError(t, err)
	require.Empty(t, unfit(back))
	require.Equal(t, []any{"m2", "m3", true}, []any{back.FirstID, back.LastID, back.HasMore})
	_, err = client.Models.Get(ctx, "m9", anthropic.ModelGetParams{})
	var refused *anthropic.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 404, refused.StatusCode)
	require.Equal(t, anthropic.ErrorTypeNotFoundError, refused.Type())
}
