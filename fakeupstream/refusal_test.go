package fakeupstream_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// TestStrictRefusesAsTheVendorDoes: what is wrong with a request is said in the vendor's shape, and in its order.
func TestStrictRefusesAsTheVendorDoes(t *testing.T) {
	const (
		openAI, anthropic, azure = fakeupstream.OpenAI, fakeupstream.Anthropic, fakeupstream.Azure
		chat, messages           = "/v1/chat/completions", "/v1/messages"
		deployment               = "/openai/deployments/m1/chat/completions"
		version                  = "Anthropic-Version: 2023-06-01"
	)
	openAIError := func(message, param, code string) string {
		return fmt.Sprintf(`{"error":{"message":%q,"type":"invalid_request_error","param":%s,"code":%s}}`, message, param, code)
	}
	anthropicError := func(kind, message string) string {
		return fmt.Sprintf(`{"type":"error","error":{"type":%q,"message":%q},"request_id":"req_…"}`, kind, message)
	}
	tests := []struct {
		vendor       fakeupstream.Vendor
		method, path string
		body         string
		headers      []string // beside the credential; "none": not even that
		status       int
		want         string // "": the vendor takes it
	}{
		{openAI, "POST", chat, `{"model":"m1","messages":[]}`, nil, 200, ""},
		{openAI, "POST", "/base/v1/responses", `{"model":"m1","input":"a"}`, nil, 200, ""},
		{openAI, "POST", "/v1/embeddings", `{"model":"m2","input":"a"}`, nil, 200, ""},
		{openAI, "GET", "/v1/models", ``, nil, 200, ""},
		{openAI, "GET", "/v1/models/m2", ``, nil, 200, ""},
		{openAI, "HEAD", "/v1/models/m2", ``, nil, 200, ""},
		{openAI, "POST", "/v1/chat/completion", `{`, []string{"none"}, 404, openAIError("Invalid URL (POST /v1/chat/completion)", "null", "null")},
		{openAI, "GET", chat, ``, []string{"none"}, 405, openAIError("Not allowed to GET on /v1/chat/completions. (HINT: Perhaps you meant to use a different HTTP method?)", "null", `"method_not_supported"`)},
		{openAI, "POST", chat, `{`, []string{"none"}, 401, openAIError("You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).", "null", "null")},
		{openAI, "POST", chat, `{"messages":`, nil, 400, openAIError("We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)", "null", "null")},
		{openAI, "POST", chat, `{}`, nil, 400, openAIError("you must provide a model parameter", "null", "null")},
		{openAI, "POST", chat, `{"model":"m1"}`, nil, 400, openAIError("Missing required parameter: 'messages'.", `"messages"`, `"missing_required_parameter"`)},
		{openAI, "POST", "/v1/responses", `{"model":"m1","input":null}`, nil, 400, openAIError("Missing required parameter: 'input'.", `"input"`, `"missing_required_parameter"`)},
		{openAI, "POST", chat, `{"model":"m9","messages":[]}`, nil, 404, openAIError("The model `m9` does not exist or you do not have access to it.", "null", `"model_not_found"`)},
		{openAI, "GET", "/v1/models/m9", ``, nil, 404, openAIError("The model `m9` does not exist or you do not have access to it.", "null", `"model_not_found"`)},

		{anthropic, "POST", messages, `{"model":"m1","max_tokens":1,"messages":[]}`, []string{version}, 200, ""},
		{anthropic, "POST", messages + "/count_tokens", `{"model":"m1","messages":[]}`, []string{version}, 200, ""},
		{anthropic, "GET", "/v1/models", ``, []string{version}, 200, ""},
		{anthropic, "POST", "/v1/complete", `{}`, []string{"none"}, 404, anthropicError("not_found_error", "Not Found")},
		{anthropic, "DELETE", messages, ``, []string{"none"}, 405, anthropicError("invalid_request_error", "Method Not Allowed")},
		{anthropic, "POST", messages, `{`, []string{"none"}, 401, anthropicError("authentication_error", "x-api-key header is required")},
		{anthropic, "POST", messages, `{`, nil, 400, anthropicError("invalid_request_error", "anthropic-version: header is required")},
		{anthropic, "POST", messages, `[]`, []string{version}, 400, anthropicError("invalid_request_error", "The request body is not valid JSON")},
		{anthropic, "POST", messages, `{"max_tokens":1}`, []string{version}, 400, anthropicError("invalid_request_error", "model: Field required")},
		{anthropic, "POST", messages, `{"model":"m1","messages":[]}`, []string{version}, 400, anthropicError("invalid_request_error", "max_tokens: Field required")},
		{anthropic, "POST", messages, `{"model":"m9","max_tokens":1,"messages":[]}`, []string{version}, 404, anthropicError("not_found_error", "model: m9")},
		{anthropic, "GET", "/v1/models/m9", ``, []string{version}, 404, anthropicError("not_found_error", "model: m9")},

		{azure, "POST", deployment + "?api-version=1", `{"messages":[]}`, nil, 200, ""},
		{azure, "POST", deployment + "?api-version=1", `{"model":"m9","messages":[]}`, nil, 200, ""},
		{azure, "POST", "/openai/v1/responses", `{"model":"m1","input":"a"}`, nil, 200, ""},
		{azure, "POST", deployment, `{"messages":[]}`, nil, 404, `{"error":{"code":"404","message":"Resource not found"}}`},
		{azure, "POST", "/openai/deployments/m1/elsewhere?api-version=1", `{}`, nil, 404, `{"error":{"code":"404","message":"Resource not found"}}`},
		{azure, "POST", deployment + "?api-version=1", `{}`, []string{"none"}, 401, `{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."}}`},
		{azure, "POST", "/openai/deployments/m9/chat/completions?api-version=1", `{}`, nil, 404, `{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again."}}`},
		{azure, "POST", deployment + "?api-version=1", `{}`, nil, 400, `{"error":{"code":"missing_required_parameter","message":"Missing required parameter: 'messages'.","param":"messages"}}`},
	}
	for _, test := range tests {
		name := fmt.Sprintf("%s %s %s %s %s", test.vendor, test.method, test.path, test.body, test.headers)
		u := fakeupstream.New(fakeupstream.Config{Vendor: test.vendor, Secrets: secrets(), Models: []string{"m1", "m2"}})
		u.Play(parseAll(t, "key any: 200 strict")...)
		headers := append([]string{"Authorization: Bearer sk-secret-zero"}, test.headers...)
		if len(test.headers) > 0 && test.headers[0] == "none" {
			headers = nil
		}
		w := ask(u, test.method, test.path, test.body, headers...)
		assert.Equal(t, test.status, w.Code, name)
		if test.want != "" {
			assert.Equal(t, test.want, withoutIDs(w.Body.String()), name)
			assert.Equal(t, "application/json", w.Header().Get("Content-Type"), name)
			assert.NotEmpty(t, w.Header().Get("X-Request-Id")+w.Header().Get("Request-Id"), name)
		}
		assert.Equal(t, test.status, u.Requests()[0].Status, "the log tells what was sent: %s", name)

		lenient := fakeupstream.New(fakeupstream.Config{Vendor: test.vendor, Secrets: secrets(), Models: []string{"m1"}})
		lenient.Play(parseAll(t, "key any: 200")...)
		assert.Equal(t, 200, ask(lenient, test.method, test.path, test.body, headers...).Code, "without strict: %s", name)
	}
}

// TestWhatIsRefusedDoesNotBreak: a fault belongs to the answer that the script had in mind.
func TestWhatIsRefusedDoesNotBreak(t *testing.T) {
	u, _ := newUpstream(t, fakeupstream.OpenAI, "key any: 200 strict stream reset after=event:1")
	assert.Equal(t, 400, ask(u, "POST", "/v1/chat/completions", "{}", "Authorization: Bearer sk-secret-zero").Code)
	assert.False(t, u.Requests()[0].Broken)
	assert.Empty(t, u.Faults())
}

// TestUnknownModelsAreTakenWhereNoneAreNamed: a drill calls its models as it likes.
func TestUnknownModelsAreTakenWhereNoneAreNamed(t *testing.T) {
	u, _ := newUpstream(t, fakeupstream.OpenAI, "key any: 200 strict")
	const credential = "Authorization: Bearer sk-secret-zero"
	assert.Equal(t, 200, ask(u, "POST", "/v1/chat/completions", `{"model":"anything","messages":[]}`, credential).Code)
	assert.Equal(t, 200, ask(u, "GET", "/v1/models/anything", "", credential).Code)
}
