package fakeupstream_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// ids are what the seed makes; the tests of shape leave their letters out.
var ids = regexp.MustCompile(`(chatcmpl-|fp_|resp_|msg_|req_)[0-9A-Za-z]+`)

func withoutIDs(s string) string { return ids.ReplaceAllString(s, "$1…") }

func TestSuccessBodies(t *testing.T) {
	const (
		openAI, anthropic = fakeupstream.OpenAI, fakeupstream.Anthropic
		detail            = `"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}`
		limits            = `,"max_input_tokens":200000,"max_tokens":64000,"lifecycle":"active","line":null,"deprecated_at":null,"retires_at":null,"capabilities":{` +
			`"batch":{"supported":true},"citations":{"supported":true},"code_execution":{"supported":true},` +
			`"context_management":{"clear_thinking_20251015":{"supported":true},"clear_tool_uses_20250919":{"supported":true},"compact_20260112":{"supported":true},"supported":true},` +
			`"effort":{"high":{"supported":true},"low":{"supported":true},"max":{"supported":true},"medium":{"supported":true},"supported":true,"xhigh":{"supported":true}},` +
			`"image_input":{"supported":true},"pdf_input":{"supported":true},` +
			`"server_tools":{"code_execution":{"supported":true},"supported":true,"web_search":{"supported":true}},"structured_outputs":{"supported":true},` +
			`"thinking":{"supported":true,"types":{"adaptive":{"supported":true},"between_tools":{"supported":true},"disabled":{"supported":true},"enabled":{"supported":true}}}}}`
		claude  = `{"type":"model","id":"claude-sonnet-4-5","display_name":"Claude Sonnet 4.5","created_at":"2025-09-29T00:00:00Z"` + limits
		message = `{"id":"msg_…","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"text","text":"1 2 3 ","citations":null}],` +
			`"stop_reason":"end_turn","stop_sequence":null,"stop_details":null,"container":null,"diagnostics":null,"usage":{"input_tokens":1,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":3,"output_tokens_details":{"thinking_tokens":0},"server_tool_use":null,"service_tier":"standard","inference_geo":"global","speed":"standard"}}`
		completion = `{"id":"chatcmpl-…","object":"chat.completion","created":946684800,"model":"gpt-4o-mini","choices":[{"index":0,` +
			`"message":{"role":"assistant","content":"1 2 3 ","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],` +
			`"usage":{"prompt_tokens":1,"completion_tokens":3,"total_tokens":4,` + detail + `},"service_tier":"default","system_fingerprint":"fp_…"}`
		response = `{"id":"resp_…","object":"response","created_at":946684800,"status":"completed","background":false,"error":null,"incomplete_details":null,"instructions":null,"max_output_tokens":null,` +
			`"model":"gpt-4o-mini","output":[{"id":"msg_…","type":"message","status":"completed","role":"assistant",` +
			`"content":[{"type":"output_text","text":"1 2 3 ","annotations":[],"logprobs":[]}]}],"parallel_tool_calls":true,"previous_response_id":null,"reasoning":{"effort":null,"summary":null},"service_tier":"default","temperature":1,"tool_choice":"auto","tools":[],"top_p":1,"truncation":"disabled",` +
			`"usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":0},"output_tokens":3,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":4},"metadata":{},"access_programs":{"cyber":"standard"}}`
	)
	tests := []struct {
		vendor       fakeupstream.Vendor
		method, path string
		body, want   string
	}{
		{openAI, "POST", "/v1/chat/completions", "", completion},
		{openAI, "POST", "/base/path/chat/completions", "not json", strings.NewReplacer(`"prompt_tokens":1`, `"prompt_tokens":3`, `"total_tokens":4`, `"total_tokens":6`).Replace(completion)},
		{openAI, "POST", "/v1/chat/completions", `{"model":"a\"b"}`, strings.NewReplacer("gpt-4o-mini", `a\"b`, `"prompt_tokens":1`, `"prompt_tokens":5`, `"total_tokens":4`, `"total_tokens":8`).Replace(completion)},
		{openAI, "POST", "/v1/responses", "", response},
		{openAI, "GET", "/v1/models", "", `{"object":"list","data":[{"id":"gpt-4o-mini","object":"model","created":1721172741,"owned_by":"system"}]}`},
		{openAI, "GET", "/base/v1/models/ft:m/1", "", `{"id":"ft:m/1","object":"model","created":1721172741,"owned_by":"system"}`},
		{openAI, "GET", "/models/m1", "", `{"id":"m1","object":"model","created":1721172741,"owned_by":"system"}`},
		{openAI, "GET", "/v1/files", "", "{}"},
		{openAI, "POST", "/v1/files", "", "{}"},
		{anthropic, "POST", "/v1/messages", "", message},
		{anthropic, "POST", "/v1/messages", `{"model":"m1"}`, strings.NewReplacer("claude-sonnet-4-5", "m1", `"input_tokens":1`, `"input_tokens":4`).Replace(message)},
		{anthropic, "POST", "/v1/messages/count_tokens", "12345678", `{"input_tokens":3}`},
		{anthropic, "GET", "/v1/models", "", `{"data":[` + claude + `],"has_more":false,"first_id":"claude-sonnet-4-5","last_id":"claude-sonnet-4-5"}`},
		{anthropic, "GET", "/v1/models/m1", "", `{"type":"model","id":"m1","display_name":"m1","created_at":"2025-09-29T00:00:00Z"` + limits},
		{anthropic, "GET", "/v1/files", "", "{}"},
		{anthropic, "POST", "/v1/files", "", "{}"},
	}
	for _, test := range tests {
		u, _ := newUpstream(t, test.vendor, "key any: 200")
		w := ask(u, test.method, test.path, test.body)
		assert.Equal(t, test.want, withoutIDs(w.Body.String()), "%s %s %s", test.vendor, test.method, test.path)
		assert.Equal(t, "application/json", w.Header().Get("Content-Type"), "%s %s %s", test.vendor, test.method, test.path)
	}
}

func TestEmbeddingsAnswerEachInput(t *testing.T) {
	for input, want := range map[string]int{
		`"text"`: 1, `["one"]`: 1, `["one","two"]`: 2, `[1,2,3]`: 1, `[[1,2],[3]]`: 2, `[]`: 1, `null`: 1, `{}`: 1,
	} {
		u, _ := newUpstream(t, fakeupstream.OpenAI, "key any: 200")
		got := ask(u, "POST", "/v1/embeddings", `{"model":"e1","input":`+input+`}`).Body.String()
		assert.Equal(t, want, strings.Count(got, `"object":"embedding"`), "input %s", input)
		assert.Contains(t, got, `"model":"e1"`)
	}
}

// TestIDsOfOneAnswerDiffer: each purpose has letters of its own.
func TestIDsOfOneAnswerDiffer(t *testing.T) {
	u, _ := newUpstream(t, fakeupstream.OpenAI, "key any: 200")
	w := ask(u, "POST", "/v1/chat/completions", "")
	found := ids.FindAllString(w.Body.String()+w.Header().Get("X-Request-Id"), -1)
	seen := map[string]bool{}
	for _, id := range found {
		_, letters, _ := strings.Cut(strings.Replace(id, "-", "_", 1), "_")
		seen[letters[:10]] = true
	}
	assert.Len(t, found, 3)
	assert.Len(t, seen, 3, "%q", found)
}
