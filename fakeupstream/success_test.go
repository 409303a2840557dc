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
		claude            = `{"type":"model","id":"claude-sonnet-4-5","display_name":"Claude Sonnet 4.5","created_at":"2025-09-29T00:00:00Z"}`
		message           = `{"id":"msg_…","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"text","text":"1 2 3 "}],` +
			`"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":3}}`
		completion = `{"id":"chatcmpl-…","object":"chat.completion","created":946684800,"model":"gpt-4o-mini","choices":[{"index":0,` +
			`"message":{"role":"assistant","content":"1 2 3 ","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],` +
			`"usage":{"prompt_tokens":1,"completion_tokens":3,"total_tokens":4},"service_tier":"default","system_fingerprint":"fp_…"}`
		response = `{"id":"resp_…","object":"response","created_at":946684800,"status":"completed","error":null,"incomplete_details":null,"instructions":null,` +
			`"model":"gpt-4o-mini","output":[{"id":"msg_…","type":"message","status":"completed","role":"assistant",` +
			`"content":[{"type":"output_text","text":"1 2 3 ","annotations":[]}]}],"parallel_tool_calls":true,"tool_choice":"auto","tools":[],` +
			`"usage":{"input_tokens":1,"output_tokens":3,"total_tokens":4}}`
		vector = `{"object":"embedding","index":0,"embedding":[0.25,-0.5,0.125]}`
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
		{openAI, "POST", "/v1/embeddings", "", `{"object":"list","data":[` + vector + `],"model":"text-embedding-3-small","usage":{"prompt_tokens":1,"total_tokens":1}}`},
		{openAI, "GET", "/v1/models", "", `{"object":"list","data":[{"id":"gpt-4o-mini","object":"model","created":1721172741,"owned_by":"system"}]}`},
		{openAI, "GET", "/base/v1/models/ft:m/1", "", `{"id":"ft:m/1","object":"model","created":1721172741,"owned_by":"system"}`},
		{openAI, "GET", "/models/m1", "", `{"id":"m1","object":"model","created":1721172741,"owned_by":"system"}`},
		{openAI, "GET", "/v1/files", "", "{}"},
		{openAI, "POST", "/v1/files", "", "{}"},
		{anthropic, "POST", "/v1/messages", "", message},
		{anthropic, "POST", "/v1/messages", `{"model":"m1"}`, strings.NewReplacer("claude-sonnet-4-5", "m1", `"input_tokens":1`, `"input_tokens":4`).Replace(message)},
		{anthropic, "POST", "/v1/messages/count_tokens", "12345678", `{"input_tokens":3}`},
		{anthropic, "GET", "/v1/models", "", `{"data":[` + claude + `],"has_more":false,"first_id":"claude-sonnet-4-5","last_id":"claude-sonnet-4-5"}`},
		{anthropic, "GET", "/v1/models/m1", "", `{"type":"model","id":"m1","display_name":"m1","created_at":"2025-09-29T00:00:00Z"}`},
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
