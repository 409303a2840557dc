package e2e

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// newAzure makes a client that asks as Azure wants to be asked: the deployment in the path, the version in the query,
// the key in a header of its own. (The SDK's own package for it would bring Azure's whole identity library.)
func newAzure(t require.TestingT, answer string) (openai.Client, *inProcess) {
	fake, client, err := newFake(fakeupstream.Azure, answer)
	require.NoError(t, err)
	return openai.NewClient(option.WithHTTPClient(client), option.WithBaseURL("http://vendor.invalid/openai/deployments/drill-1"),
		option.WithHeader("api-key", key), option.WithHeaderDel("authorization"), option.WithQuery("api-version", "2024-10-21"), option.WithMaxRetries(0)), fake
}

// unfitForAzure leaves away what Azure adds to OpenAI's shape, and OpenAI's own SDK does not know.
func unfitForAzure(v any) []string {
	return slices.DeleteFunc(unfit(v), func(complaint string) bool {
		return strings.Contains(complaint, ".prompt_filter_results: the SDK does not know it") ||
			strings.Contains(complaint, ".content_filter_results: the SDK does not know it")
	})
}

// TestAzureChat: OpenAI's SDK gets the same message from Azure in one piece and in a stream, whose first chunk has no
// choices and tells what the filter makes of the prompt.
func TestAzureChat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := genConversation().Draw(t, "conversation")
		client, _ := newAzure(t, c.answer)
		whole, err := client.Chat.Completions.New(context.Background(), c.chatParams())
		require.NoError(t, err)
		require.Empty(t, unfitForAzure(whole))
		require.Contains(t, whole.JSON.ExtraFields, "prompt_filter_results")

		client, fake := newAzure(t, c.answer)
		stream := client.Chat.Completions.NewStreaming(context.Background(), c.chatParams())
		var acc openai.ChatCompletionAccumulator
		first := true
		for stream.Next() {
			chunk := stream.Current()
			if first { // it has neither id nor object
				require.Equal(t, []string{`.object: is "" and not "chat.completion.chunk"`}, unfitForAzure(chunk))
				require.Empty(t, chunk.Choices)
				require.Contains(t, chunk.JSON.ExtraFields, "prompt_filter_results")
				first = false
				continue // the accumulator takes its id from the first chunk that it gets
			}
			require.Empty(t, unfitForAzure(chunk))
			require.True(t, acc.AddChunk(chunk))
		}
		require.NoError(t, stream.Err())
		_, rest, _ := strings.Cut(fake.last.Body.String(), "\n\n")
		require.NoError(t, chatGrammar(c.n, false).check(rest))
		require.Equal(t, chatOf(*whole, false), chatOf(acc.ChatCompletion, false))
	})
}

// TestAzureErrors reads Azure's errors with OpenAI's SDK.
func TestAzureErrors(t *testing.T) {
	for answer, want := range map[string]string{
		"401": "401", "404": "DeploymentNotFound", "429 retry-after=7": "429", "500": "InternalServerError",
		"400 code=content_filter": "content_filter",
	} {
		client, _ := newAzure(t, answer)
		_, err := client.Chat.Completions.New(context.Background(), conversation{texts: []string{"hello"}, n: 1}.chatParams())
		var refused *openai.Error
		require.ErrorAs(t, err, &refused, answer)
		require.Equal(t, want, refused.Code, answer)
		require.NotEqual(t, http.StatusOK, refused.StatusCode, answer)
		require.NotEmpty(t, refused.Message, answer)
	}
}
