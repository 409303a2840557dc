package fakeupstream

import (
	"iter"
	"net/http"
	"strconv"
)

// openai is OpenAI's wire shape: chat completions, responses, embeddings and models.
type openai struct{}

func (openai) vendor() Vendor { return OpenAI }

// speaks leaves every request to vendors that know their own: OpenAI's shape is what the rest gets.
func (openai) speaks(*http.Request) bool { return false }

func (openai) credentialHeaders() []string { return []string{"Authorization"} }

const (
	openaiRequests = 10_000    // limit per minute, as x-ratelimit-limit-requests tells it
	openaiTokens   = 2_000_000 // the same in tokens
	openaiModel    = "gpt-4o-mini"
)

// header returns the id and the rate limits, which are there on every answer, errors included. Resets are written
// as Go writes durations.
func (openai) header(x *exchange) []HeaderField {
	reset := x.reset().String()
	return []HeaderField{
		{"X-Request-Id", "req_" + x.id("request", 32)},
		{"X-Ratelimit-Limit-Requests", strconv.Itoa(openaiRequests)},
		{"X-Ratelimit-Limit-Tokens", strconv.Itoa(openaiTokens)},
		{"X-Ratelimit-Remaining-Requests", strconv.Itoa(x.remaining(openaiRequests, 1))},
		{"X-Ratelimit-Remaining-Tokens", strconv.Itoa(x.remaining(openaiTokens, x.inputTokens()))},
		{"X-Ratelimit-Reset-Requests", reset},
		{"X-Ratelimit-Reset-Tokens", reset},
	}
}

func (openai) body(x *exchange) []byte {
	switch {
	case x.answer.Status >= 400:
		return marshal(openaiErrorOf(x))
	case x.hasEndpoint("chat/completions"):
		return marshal(openaiCompletionOf(x))
	case x.hasEndpoint("responses"):
		return marshal(openaiResponseOf(x, turnOf(x, openaiModel, 1), true))
	case x.hasEndpoint("embeddings"):
		return marshal(openaiEmbeddingsOf(x))
	case x.isGet():
		return openaiModels(x)
	default:
		return []byte("{}")
	}
}

func (openai) streams(x *exchange) bool {
	return x.hasEndpoint("chat/completions") || x.hasEndpoint("responses")
}

func (openai) turn(x *exchange) turn {
	if x.hasEndpoint("responses") {
		return turnOf(x, openaiModel, 1)
	}
	return turnOf(x, openaiModel, x.asked.N)
}

func (openai) events(x *exchange) iter.Seq[event] {
	if x.hasEndpoint("responses") {
		return openaiResponseEvents(x)
	}
	return openaiChatEvents(x)
}
