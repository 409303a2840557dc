package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// defaultRetries leaves the number of retries to the SDK.
const defaultRetries = -1

// sdk makes one small request with an official SDK.
type sdk struct {
	name string
	call func(ctx context.Context, client *http.Client, retries int, stream bool) error
}

var sdks = []sdk{
	{"openai-go", callOpenAI},
	{"anthropic-sdk-go", callAnthropic},
}

func callOpenAI(ctx context.Context, client *http.Client, retries int, stream bool) error {
	options := []openaioption.RequestOption{
		openaioption.WithAPIKey(key), openaioption.WithHTTPClient(client), openaioption.WithBaseURL("http://vendor.invalid/v1"),
	}
	if retries != defaultRetries {
		options = append(options, openaioption.WithMaxRetries(retries))
	}
	c := openai.NewClient(options...)
	params := openai.ChatCompletionNewParams{
		Model: "drill-1", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hello")},
	}
	if !stream {
		_, err := c.Chat.Completions.New(ctx, params)
		return err
	}
	s := c.Chat.Completions.NewStreaming(ctx, params)
	defer s.Close()
	for s.Next() {
	}
	return s.Err()
}

func callAnthropic(ctx context.Context, client *http.Client, retries int, stream bool) error {
	options := []anthropicoption.RequestOption{
		anthropicoption.WithAPIKey(key), anthropicoption.WithHTTPClient(client), anthropicoption.WithBaseURL("http://vendor.invalid"),
	}
	if retries != defaultRetries {
		options = append(options, anthropicoption.WithMaxRetries(retries))
	}
	c := anthropic.NewClient(options...)
	params := anthropic.MessageNewParams{
		Model: "drill-1", MaxTokens: 16,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("hello"))},
	}
	if !stream {
		_, err := c.Messages.New(ctx, params)
		return err
	}
	s := c.Messages.NewStreaming(ctx, params)
	defer s.Close()
	for s.Next() {
	}
	return s.Err()
}

// answers are what an upstream may say before it is well again.
var answers = []string{
	"200", "400", "401", "403", "404", "408", "409", "413", "422", "429", "500", "502", "503", "504", "529",
	"429 retry-after=1", "429 retry-after=8", "429 retry-after=9", "429 retry-after=59", "429 retry-after=60", "429 retry-after=61",
	"429 retry-after=120", "429 retry-after=121", "429 retry-after=86400",
	"429 retry-after=1.5", "429 retry-after=299.997", "429 retry-after=0", "429 retry-after=-5", "429 retry-after=soon",
	"429 retry-after=date+5s form=imf", "429 retry-after=date+5s form=rfc850", "429 retry-after=date+5s form=asctime", "429 retry-after=date-5s form=imf",
	"429 retry-after-ms=1500", "429 retry-after-ms=1500 retry-after=30", "429 retry-after-ms=no retry-after=3",
	"400 header=\"X-Should-Retry: true\"", "429 header=\"X-Should-Retry: false\"", "429 code=insufficient_quota",
	"503 retry-after=5", "500 retry-after=5",
}

// TestRetries writes down what the SDKs do with every answer: how often they ask, how long they wait in between,
// and what their caller gets.
func TestRetries(t *testing.T) {
	var table strings.Builder
	fmt.Fprintf(&table, "| answer |")
	for _, s := range sdks {
		fmt.Fprintf(&table, " %s, no retries | %s, its default |", s.name, s.name)
	}
	fmt.Fprintf(&table, "\n|---|%s\n", strings.Repeat("---|", 2*len(sdks)))
	for _, answer := range answers {
		fmt.Fprintf(&table, "| `%s` |", answer)
		for _, s := range sdks {
			for _, retries := range []int{0, defaultRetries} {
				blocking := observe(t, s, answer, retries, false)
				streaming := observe(t, s, answer, retries, true)
				if blocking == streaming {
					fmt.Fprintf(&table, " %s |", blocking)
				} else {
					fmt.Fprintf(&table, " %s; streaming: %s |", blocking, streaming)
				}
			}
		}
		table.WriteString("\n")
	}
	golden(t, "retries.md", table.String())
}

// observe plays one answer for ever, and says what the SDK did. It is played twice, since that tells an SDK's own
// backoff, which is drawn at random, from a wait that the answer asked for.
func observe(t *testing.T, s sdk, answer string, retries int, stream bool) string {
	t.Helper()
	did, pauses := play(t, s, answer, retries, stream)
	again, others := play(t, s, answer, retries, stream)
	require.Equal(t, did, again)
	require.Len(t, others, len(pauses))
	text := fmt.Sprintf("%d×", len(pauses)+1)
	for i := range pauses {
		text += " " + pause(pauses[i], others[i])
	}
	return text + ", " + did
}

func play(t *testing.T, s sdk, answer string, retries int, stream bool) (did string, pauses []time.Duration) {
	t.Helper()
	inBubble(t, []string{"key k0: " + answer}, func(up *fakeupstream.Upstream, client *http.Client) {
		ctx, cancel := context.WithTimeout(context.Background(), 240*time.Hour)
		defer cancel()
		did = outcome(s.call(ctx, client, retries, stream))
		requests := up.Requests()
		for i := 1; i < len(requests); i++ {
			pauses = append(pauses, requests[i].At.Sub(requests[i-1].At))
		}
	})
	return did, pauses
}

// pause writes a pause so that it is the same every time. The SDKs' backoff is 0.5 s, 1 s, 2 s …, less up to a
// quarter. The network takes microseconds.
func pause(d, again time.Duration) string {
	if (d - again).Abs() > 10*time.Microsecond {
		limit := 500 * time.Millisecond
		for limit < d {
			limit *= 2
		}
		return "≤" + limit.String()
	}
	return d.Round(time.Millisecond).String()
}

func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	var fromOpenAI *openai.Error
	var fromAnthropic *anthropic.Error
	switch {
	case errors.As(err, &fromOpenAI):
		return fmt.Sprintf("error %d", fromOpenAI.StatusCode)
	case errors.As(err, &fromAnthropic):
		return fmt.Sprintf("error %d", fromAnthropic.StatusCode)
	}
	return err.Error()
}
