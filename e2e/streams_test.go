package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/responses"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// read is what the reader of a stream got.
type read struct {
	text   string // of the deltas
	finish string // why the model stopped, as far as the stream told
	err    error
}

// reader reads a whole stream with an official SDK and its default of retries.
type reader struct {
	name string
	read func(ctx context.Context, client *http.Client) read
}

var readers = []reader{
	{"openai-go, chat completions", readChat},
	{"openai-go, responses", readResponse},
	{"anthropic-sdk-go, messages", readMessage},
}

func openaiOver(client *http.Client) openai.Client {
	return openai.NewClient(openaioption.WithAPIKey(key), openaioption.WithHTTPClient(client), openaioption.WithBaseURL("http://vendor.invalid/v1"))
}

func readChat(ctx context.Context, client *http.Client) (got read) {
	c := openaiOver(client)
	s := c.Chat.Completions.NewStreaming(ctx, openai.ChatCompletionNewParams{
		Model: "drill-1", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hello")},
	})
	defer s.Close()
	for s.Next() {
		for _, choice := range s.Current().Choices {
			got.text += choice.Delta.Content
			got.finish += choice.FinishReason
		}
	}
	got.err = s.Err()
	return got
}

func readResponse(ctx context.Context, client *http.Client) (got read) {
	c := openaiOver(client)
	s := c.Responses.NewStreaming(ctx, responses.ResponseNewParams{
		Model: "drill-1", Input: responses.ResponseNewParamsInputUnion{OfString: param.NewOpt("hello")},
	})
	defer s.Close()
	for s.Next() {
		switch e := s.Current(); e.Type {
		case "response.output_text.delta":
			got.text += e.Delta
		case "response.completed", "response.failed", "response.incomplete":
			got.finish += string(e.Response.Status)
		case "error":
			got.finish += "an event that says error"
		}
	}
	got.err = s.Err()
	return got
}

func readMessage(ctx context.Context, client *http.Client) (got read) {
	c := anthropic.NewClient(anthropicoption.WithAPIKey(key), anthropicoption.WithHTTPClient(client), anthropicoption.WithBaseURL("http://vendor.invalid"))
	s := c.Messages.NewStreaming(ctx, anthropic.MessageNewParams{
		Model: "drill-1", MaxTokens: 16,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("hello"))},
	})
	defer s.Close()
	for s.Next() {
		switch e := s.Current(); e.Type {
		case "content_block_delta":
			got.text += e.Delta.Text
		case "message_delta":
			got.finish += string(e.Delta.StopReason)
		}
	}
	got.err = s.Err()
	return got
}

// streamFaults are what can happen to a stream of three content events, as rules have it. The first answer suffers
// it; whoever asks again is answered well.
var streamFaults = []string{
	"200",
	"200 reset after=status", "200 close after=status", "200 truncate after=status", "200 garbage after=status",
	"200 reset after=headers", "200 truncate after=headers",
	"200 truncate after=event:0", "200 reset after=event:0",
	"200 reset after=event:2", "200 close after=event:2", "200 half-close after=event:2", "200 truncate after=event:2",
	"200 http=1.0 truncate after=event:2", "200 http=1.0 truncate after=event:3", "200 length=9999",
	"200 truncate after=trailer",
	"200 stall after=event:2 for=9m", "200 stall after=event:2",
	"200 slow rate=10B/s",
	"200 garbage after=event:2", "200 garbage after=byte:60",
	"200 error after=event:0", "200 error after=event:2", "200 error after=event:3",
	"200 finish=failed", "200 finish=length", "200 finish=filter",
	"200 duplicate=event:2", "200 gzip",
	"200 body=\"data: not json\\n\\n\" stream", "200 body=\"\" stream", "200 body=\"<html></html>\"", "200 body=\"{}\"",
}

// readFor is how long a reader waits before its caller gives up.
const readFor = time.Hour

// TestStreams writes down what the caller of an SDK gets to see of a stream that something happens to.
func TestStreams(t *testing.T) {
	var table strings.Builder
	table.WriteString("| answer |")
	for _, r := range readers {
		fmt.Fprintf(&table, " %s |", r.name)
	}
	fmt.Fprintf(&table, "\n|---|%s\n", strings.Repeat("---|", len(readers)))
	for _, fault := range streamFaults {
		fmt.Fprintf(&table, "| `%s` |", fault)
		for _, r := range readers {
			fmt.Fprintf(&table, " %s |", readThrough(t, r, fault))
		}
		table.WriteString("\n")
	}
	golden(t, "streams.md", table.String())
}

// readThrough plays one fault and then a sound stream, and says what the reader saw.
func readThrough(t *testing.T, r reader, fault string) (seen string) {
	t.Helper()
	inBubble(t, []string{"key k0 end=repeat: " + fault + ", then 200"}, func(up *fakeupstream.Upstream, client *http.Client) {
		ctx, cancel := context.WithTimeout(context.Background(), readFor)
		defer cancel()
		began := time.Now()
		got := r.read(ctx, client)
		seen = fmt.Sprintf("%d×, %s", len(up.Requests()), got)
		if took := time.Since(began).Round(10 * time.Second); took > 0 {
			seen += fmt.Sprintf(", after %s", took)
		}
	})
	return seen
}

// String says what was read, and how it ended.
func (r read) String() string {
	text, finish := fmt.Sprintf("“%s”", strings.TrimSpace(r.text)), r.finish
	if r.text == "" {
		text = "nothing"
	}
	if finish == "" {
		finish = "**no finish**"
	}
	if r.err == nil {
		return text + ", " + finish + ", no error"
	}
	return text + ", " + finish + ", error: " + errorText(r.err)
}

// errorText is what an error says, without what is different each time.
func errorText(err error) string {
	var fromOpenAI *openai.Error
	var fromAnthropic *anthropic.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "its own deadline"
	case errors.Is(err, syscall.ECONNRESET):
		return "connection reset by peer"
	case errors.As(err, &fromOpenAI):
		return fmt.Sprintf("status %d", fromOpenAI.StatusCode)
	case errors.As(err, &fromAnthropic):
		return fmt.Sprintf("status %d", fromAnthropic.StatusCode)
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return strings.NewReplacer("|", "\\|", "\x00", "\\0").Replace(fmt.Sprintf("%.80s", text))
}
