package fakeupstream_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

const (
	azurePath = "/openai/deployments/m1/chat/completions?api-version=2024-10-21"
	safe      = `{"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}}`
	hateful   = `{"hate":{"filtered":true,"severity":"high"},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}}`
)

// TestAzureIsRecognised by its path or by its key's header.
func TestAzureIsRecognised(t *testing.T) {
	for _, test := range []struct {
		path, header, key string
	}{
		{azurePath, "Api-Key: sk-secret-zero", "k0"},
		{azurePath, "Authorization: Bearer sk-secret-one", "k1"},
		{"/v1/chat/completions", "Api-Key: sk-secret-zero", "k0"},
	} {
		u, _ := newUpstream(t, fakeupstream.Auto, "key any: 200")
		w := ask(u, "POST", test.path, "{}", test.header)
		assert.Contains(t, w.Body.String(), `"prompt_filter_results":[{"prompt_index":0,"content_filter_results":`+safe+`}]`)
		assert.NotEmpty(t, w.Header().Get("Apim-Request-Id"))
		assert.NotEmpty(t, w.Header().Get("X-Ratelimit-Remaining-Tokens"))
		assert.Equal(t, test.key, u.Requests()[0].Key)
	}
}

// TestAzureStreams begins with a chunk that has no choices, and judges every piece of content.
func TestAzureStreams(t *testing.T) {
	u, _ := newUpstream(t, fakeupstream.Azure, "key any: 200 stream events=1, then 200 stream events=1 finish=filter")
	events := func() []string {
		body := withoutIDs(ask(u, "POST", azurePath, "{}").Body.String())
		return strings.Split(strings.TrimSuffix(body, "\n\n"), "\n\n")
	}
	got := events()
	require.Len(t, got, 5)
	assert.Equal(t, `data: {"id":"","object":"","created":0,"model":"","service_tier":"","system_fingerprint":"","choices":[],`+
		`"prompt_filter_results":[{"prompt_index":0,"content_filter_results":`+safe+`}]}`, got[0])
	assert.Contains(t, got[1], `"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null,"content_filter_results":{}}]`)
	assert.Contains(t, got[2], `"delta":{"content":"1 "},"logprobs":null,"finish_reason":null,"content_filter_results":`+safe+`}]`)
	assert.Contains(t, got[3], `"finish_reason":"stop","content_filter_results":{}}]`)
	assert.Equal(t, "data: [DONE]", got[4])
	assert.Contains(t, events()[3], `"finish_reason":"content_filter","content_filter_results":`+hateful+`}]`)
}

// TestAzureJudgesAnswersInOnePiece, and the prompt beside them.
func TestAzureJudgesAnswersInOnePiece(t *testing.T) {
	u, _ := newUpstream(t, fakeupstream.Azure, "key any: 200, then 200 finish=filter")
	assert.Contains(t, ask(u, "POST", azurePath, "{}").Body.String(), `"finish_reason":"stop","content_filter_results":`+safe+`}]`)
	assert.Contains(t, ask(u, "POST", azurePath, "{}").Body.String(), `"finish_reason":"content_filter","content_filter_results":`+hateful+`}]`)
}

// TestAzureErrors are in a shape of their own.
func TestAzureErrors(t *testing.T) {
	for answer, want := range map[string]string{
		"400": `{"error":{"code":"400","message":"The request was refused: 400 Bad Request."}}`,
		"400 code=content_filter": `{"error":{"code":"content_filter","message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.",` +
			`"param":"prompt","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":` + hateful + `}}}`,
		"403": `{"error":{"code":"403","message":"Access denied due to Virtual Network/Firewall rules."}}`,
		"429 retry-after=1.5": `{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation under Azure OpenAI API ` +
			`have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 2 seconds."}}`,
		"503": `{"error":{"code":"InternalServerError","message":"The server had an error while processing your request. Sorry about that!"}}`,
	} {
		u, _ := newUpstream(t, fakeupstream.Azure, "key any: "+answer)
		assert.Equal(t, want, ask(u, "POST", azurePath, "{}").Body.String(), answer)
	}
}

// TestAzureFailsInItsOwnShape in the middle of a stream.
func TestAzureFailsInItsOwnShape(t *testing.T) {
	w := newWireWorld(t, false, "key any: 200 stream error after=event:1")
	got, err := w.talk(t, "POST "+azurePath+" HTTP/1.1\r\nHost: alpha.invalid\r\nContent-Length: 2\r\n\r\n{}")
	require.NoError(t, err)
	assert.Contains(t, got, `data: {"error":{"code":"InternalServerError","message":"The server had an error while processing your request. Sorry about that!"}}`)
	assert.NotContains(t, got, "[DONE]")
}
