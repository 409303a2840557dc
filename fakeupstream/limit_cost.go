package fakeupstream

import (
	"encoding/json"
	"net/http"
	"time"
)

// asking is what limits look at in a request.
type asking struct {
	now      time.Time
	began    time.Time // when the script was played
	vendor   Vendor
	key      string
	path     string
	model    string
	address  string
	input    int64 // tokens in the request
	reserved int64 // tokens that a limit of tokens a minute takes at once
}

// reservation is what the vendor takes off a limit of tokens a minute when a request comes. OpenAI takes the larger of
// max_tokens and the input's estimate (platform.openai.com/docs/guides/rate-limits); Anthropic does not look at
// max_tokens (docs.claude.com, "Rate limits").
func reservation(v Vendor, body []byte, input int64) int64 {
	if v == Anthropic {
		return input
	}
	var asked struct {
		MaxTokens           int64 `json:"max_tokens"`
		MaxCompletionTokens int64 `json:"max_completion_tokens"`
		MaxOutputTokens     int64 `json:"max_output_tokens"`
	}
	_ = json.Unmarshal(body, &asked) // what makes no sense reserves nothing
	return max(input, asked.MaxTokens, asked.MaxCompletionTokens, asked.MaxOutputTokens)
}

// outputTokens is how many tokens the exchange's answer has, as its usage says. An answer that is broken on its way, or
// that says it failed, counts whole: what was generated is paid for.
func outputTokens(d dialect, x *exchange) int64 {
	switch a := x.answer; {
	case a.Status != http.StatusOK:
		return 0
	case a.Body != nil:
		return usageOf(a.Body)
	case a.Stream != nil || d.streams(x):
		return int64(d.turn(x).out)
	}
	return 0 // lists and embeddings have no output
}

// inputTokens is how many tokens of input the exchange's answer tells of, where the script says how many there are;
// otherwise those that were counted. It is not known before the request has passed. limited are those that count against
// a limit a minute: what Anthropic read from its cache does not (docs.claude.com, "Rate limits").
func inputTokens(d dialect, x *exchange, counted int64) (all, limited int64) {
	say := x.answer.Say
	if say.Tokens != nil {
		counted = int64(say.Tokens.Input)
	}
	counted = max(counted, int64(say.Cached))
	if d.vendor() == Anthropic {
		return counted, counted - int64(say.Cached)
	}
	return counted, counted
}

// usageOf reads a body's usage, or takes a quarter of its bytes where it has none.
func usageOf(body []byte) int64 {
	var said struct {
		Usage struct {
			CompletionTokens int64 `json:"completion_tokens"`
			OutputTokens     int64 `json:"output_tokens"`
		}
	}
	_ = json.Unmarshal(body, &said)
	if n := max(said.Usage.CompletionTokens, said.Usage.OutputTokens); n > 0 {
		return n
	}
	return int64(len(body)) / 4
}
