package fakeupstream_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

func TestOpenAIErrors(t *testing.T) {
	body := func(message, kind, code string) string {
		if code != "null" {
			code = fmt.Sprintf("%q", code)
		}
		return fmt.Sprintf(`{"error":{"message":%q,"type":%q,"param":null,"code":%s}}`, message, kind, code)
	}
	const rate = "Rate limit reached for m1 on requests per min (RPM): Limit 10000, Used 10000, Requested 1."
	tests := []struct{ rule, want string }{
		{"400", body("The request was refused: 400 Bad Request.", "invalid_request_error", "null")},
		{"401", body("Incorrect API key provided.", "invalid_request_error", "invalid_api_key")},
		{"403", body("Country, region, or territory not supported", "request_forbidden", "unsupported_country_region_territory")},
		{"404", body("The model `m1` does not exist or you do not have access to it.", "invalid_request_error", "model_not_found")},
		{"408", body("The request was refused: 408 Request Timeout.", "invalid_request_error", "null")},
		{"409", body("The request was refused: 409 Conflict.", "invalid_request_error", "null")},
		{"413", body("The request was refused: 413 Request Entity Too Large.", "invalid_request_error", "null")},
		{"422", body("The request was refused: 422 Unprocessable Entity.", "invalid_request_error", "null")},
		{"429", body(rate, "requests", "rate_limit_exceeded")},
		{"429 retry-after=5", body(rate+" Please try again in 5s.", "requests", "rate_limit_exceeded")},
		{"429 retry-after-ms=644", body(rate+" Please try again in 644ms.", "requests", "rate_limit_exceeded")},
		{"429 retry-after=garbage", body(rate, "requests", "rate_limit_exceeded")},
		{"429 code=insufficient_quota", body("You exceeded your current quota, please check your plan and billing details.", "insufficient_quota", "insufficient_quota")},
		{"429 code=slow_down", body(rate, "requests", "slow_down")},
		{"500", body("The server had an error while processing your request. Sorry about that!", "server_error", "null")},
		{"502", body("The server had an error while processing your request. Sorry about that!", "server_error", "null")},
		{"503", body("The server is currently overloaded with other requests. Please try again later.", "server_error", "server_is_overloaded")},
		{"503 code=slow_down", body("The server is currently overloaded with other requests. Please try again later.", "server_error", "slow_down")},
		{"529", body("The server had an error while processing your request. Sorry about that!", "server_error", "null")},
	}
	for _, test := range tests {
		u, _ := newUpstream(t, fakeupstream.OpenAI, "key any: "+test.rule)
		w := ask(u, "POST", "/v1/chat/completions", `{"model":"m1","stream":true}`)
		assert.Equal(t, test.rule[:3], fmt.Sprint(w.Code), test.rule)
		assert.Equal(t, test.want, w.Body.String(), test.rule)
		assert.Equal(t, "application/json", w.Header().Get("Content-Type"), test.rule)
		assert.Equal(t, fmt.Sprint(len(test.want)), w.Header().Get("Content-Length"), test.rule)
	}
}

func TestAnthropicErrors(t *testing.T) {
	tests := []struct{ rule, kind, message string }{
		{"400", "invalid_request_error", "messages: at least one message is required"},
		{"401", "authentication_error", "invalid x-api-key"},
		{"402", "billing_error", "There is an issue with your billing or payment information."},
		{"403", "permission_error", "Your API key does not have permission to use the specified resource."},
		{"404", "not_found_error", "The requested resource could not be found."},
		{"413", "request_too_large", "Request exceeds the maximum size"},
		{"422", "invalid_request_error", "The request was refused: Unprocessable Entity"},
		{"429", "rate_limit_error", "This request would exceed your organization's rate limit. Please try again later."},
		{"429 header=x-should-retry:true", "rate_limit_error", "This request would exceed your organization's rate limit. Please try again later."},
		{"400 code=billing_error", "billing_error", "messages: at least one message is required"},
		{"500", "api_error", "Internal server error"},
		{"503", "api_error", "Internal server error"},
		{"504", "timeout_error", "The request timed out while it was processed."},
		{"529", "overloaded_error", "Overloaded"},
	}
	for _, test := range tests {
		u, _ := newUpstream(t, fakeupstream.Anthropic, "key any: "+test.rule)
		w := ask(u, "POST", "/v1/messages", `{"model":"m1","stream":true}`)
		want := fmt.Sprintf(`{"type":"error","error":{"type":%q,"message":%q},"request_id":%q}`, test.kind, test.message, w.Header().Get("Request-Id"))
		assert.Equal(t, test.rule[:3], fmt.Sprint(w.Code), test.rule)
		assert.Equal(t, want, w.Body.String(), test.rule)
		assert.Equal(t, "application/json", w.Header().Get("Content-Type"), test.rule)
		assert.Equal(t, fmt.Sprint(len(want)), w.Header().Get("Content-Length"), test.rule)
	}
}

func TestScriptedBodies(t *testing.T) {
	tests := []struct{ answer, body, contentType string }{
		{`200 body="{}"`, "{}", "application/json"},
		{`200 body="plain"`, "plain", "text/plain; charset=utf-8"},
		{`429 body="<html>"`, "<html>", "text/plain; charset=utf-8"},
		{`200 body=""`, "", "text/plain; charset=utf-8"},
		{`200 body="data: 1\n\n"`, "data: 1\n\n", "text/event-stream; charset=utf-8"},
		{`200 body="event: a\ndata: 1\n\n"`, "event: a\ndata: 1\n\n", "text/event-stream; charset=utf-8"},
		{`200 body=": comment\n\n"`, ": comment\n\n", "text/event-stream; charset=utf-8"},
		{`200 body="x" stream`, "x", "text/event-stream; charset=utf-8"},
		{`200 body="{}" header=content-type:application/problem+json`, "{}", "application/problem+json"},
	}
	for _, test := range tests {
		for _, vendor := range fakeupstream.Vendors() {
			u, _ := newUpstream(t, vendor, "key any: "+test.answer)
			w := ask(u, "POST", "/v1/chat/completions", `{"stream":true}`)
			assert.Equal(t, test.body, w.Body.String(), test.answer)
			assert.Equal(t, test.contentType, w.Header().Get("Content-Type"), test.answer)
		}
	}
}

// TestEveryStatusIsAnsweredWithSoundJSON covers the statuses that no table names.
func TestEveryStatusIsAnsweredWithSoundJSON(t *testing.T) {
	for _, vendor := range fakeupstream.Vendors() {
		for status := 200; status <= 599; status++ {
			u, _ := newUpstream(t, vendor)
			u.Play(rule("any", answer(status)))
			w := ask(u, "POST", "/v1/messages", "{}")
			assert.Equal(t, status, w.Code)
			if w.Body.Len() == 0 {
				assert.True(t, status == 204 || status == 205 || status/100 == 3, "%s: %d has no body", vendor, status)
				continue
			}
			var got struct {
				Error *struct {
					Message, Type string
					Code          any
				}
			}
			assert.NoError(t, json.Unmarshal(w.Body.Bytes(), &got), "%s: %d", vendor, status)
			assert.Equal(t, status >= 400, got.Error != nil, "%s: %d", vendor, status)
			if got.Error != nil {
				assert.NotEmpty(t, got.Error.Message, "%s: %d", vendor, status)
				if vendor == fakeupstream.Azure {
					assert.NotEmpty(t, got.Error.Code, "%s: %d", vendor, status)
					continue
				}
				assert.NotEmpty(t, got.Error.Type, "%s: %d", vendor, status)
			}
		}
	}
}
