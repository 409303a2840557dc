package keypool_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatedrill/gatedrill/keypool"
)

var vendors = []keypool.Vendor{keypool.OpenAI, keypool.Anthropic, keypool.Copilot}

func TestParseVendor(t *testing.T) {
	for _, v := range vendors {
		got, err := keypool.ParseVendor(v.String())
		require.NoError(t, err)
		assert.Equal(t, v, got)
	}
	for _, bad := range []string{"", "OpenAI", "gemini", " openai"} {
		_, err := keypool.ParseVendor(bad)
		require.ErrorIs(t, err, keypool.ErrUnknownVendor)
		assert.ErrorContains(t, err, `"`+bad+`"`)
	}
}

func TestHasCredential(t *testing.T) {
	for _, tt := range []struct {
		name                       string
		h                          http.Header
		openAI, anthropic, copilot bool
	}{
		{"nil", nil, false, false, false},
		{"bearer", http.Header{"Authorization": {"Bearer x"}}, true, true, true},
		{"bearer, any case", http.Header{"Authorization": {"bEaReR x"}}, true, true, true},
		{"bearer, spaces", http.Header{"Authorization": {"  Bearer   x "}}, true, true, true},
		{"bearer of nothing", http.Header{"Authorization": {"Bearer"}}, false, false, false},
		{"bearer of spaces", http.Header{"Authorization": {"Bearer   "}}, false, false, false},
		{"basic", http.Header{"Authorization": {"Basic x"}}, true, false, true},
		{"bare token", http.Header{"Authorization": {"x"}}, true, false, true},
		{"empty", http.Header{"Authorization": {""}}, false, false, false},
		{"second line", http.Header{"Authorization": {"", "Bearer x"}}, true, true, true},
		{"x-api-key", http.Header{"X-Api-Key": {"x"}}, false, true, false},
		{"x-api-key, empty", http.Header{"X-Api-Key": {" "}}, false, false, false},
		{"x-api-key, second line", http.Header{"X-Api-Key": {"", "x"}}, false, true, false},
		{"foreign", http.Header{"Api-Key": {"x"}, "X-Goog-Api-Key": {"x"}}, false, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.openAI, keypool.OpenAI.HasCredential(tt.h), "openai")
			assert.Equal(t, tt.anthropic, keypool.Anthropic.HasCredential(tt.h), "anthropic")
			assert.Equal(t, tt.copilot, keypool.Copilot.HasCredential(tt.h), "copilot")
		})
	}
}

func everyCredential() http.Header {
	return http.Header{
		"Authorization": {"Bearer x", "Basic x"}, "X-Api-Key": {"x"}, "Api-Key": {"x"}, "X-Goog-Api-Key": {"x"},
		// As a caller can spell them who does not use Header.Set.
		"authorization": {"x"}, "x-api-key": {"x"}, "API-KEY": {"x"}, "x-goog-api-key": {"x"},
		// Of the same lengths, and not credentials.
		"Accept-Ranges": {"1"}, "X-Api-Kez": {"1"}, "Api-Kez": {"1"}, "X-Goog-Api-Kez": {"1"}, "Anthropic-Version": {"1"},
	}
}

func TestStripCredentials(t *testing.T) {
	for _, v := range vendors {
		h := everyCredential()
		v.StripCredentials(h)
		assert.Equal(t, http.Header{"Accept-Ranges": {"1"}, "X-Api-Kez": {"1"}, "Api-Kez": {"1"}, "X-Goog-Api-Kez": {"1"}, "Anthropic-Version": {"1"}}, h, v)
		v.StripCredentials(nil)
	}
}

func TestInject(t *testing.T) {
	for v, want := range map[keypool.Vendor]http.Header{
		keypool.OpenAI:    {"Authorization": {"Bearer secret"}},
		keypool.Anthropic: {"X-Api-Key": {"secret"}},
	} {
		h := everyCredential()
		v.Inject(h, "secret")
		for _, name := range []string{"Accept-Ranges", "X-Api-Kez", "Api-Kez", "X-Goog-Api-Kez", "Anthropic-Version"} {
			assert.Contains(t, h, name)
			delete(h, name)
		}
		assert.Equal(t, want, h, v)
	}
	h := everyCredential()
	keypool.Copilot.Inject(h, "secret")
	assert.Equal(t, everyCredential(), h, "copilot is never injected")
}

func TestErrorBody(t *testing.T) {
	for _, tt := range []struct {
		status          int
		kind, code      string // OpenAI; code "" is null
		anthropicErrors string
	}{
		{400, "invalid_request_error", "", "invalid_request_error"},
		{401, "invalid_request_error", "invalid_api_key", "authentication_error"},
		{402, "invalid_request_error", "", "billing_error"},
		{403, "request_forbidden", "", "permission_error"},
		{404, "invalid_request_error", "", "not_found_error"},
		{413, "invalid_request_error", "", "request_too_large"},
		{421, "invalid_request_error", "", "invalid_request_error"},
		{429, "requests", "rate_limit_exceeded", "rate_limit_error"},
		{500, "server_error", "", "api_error"},
		{502, "server_error", "", "api_error"},
		{504, "server_error", "", "timeout_error"},
		{529, "server_error", "", "overloaded_error"},
	} {
		const message = "a \"quoted\" <message>\n"
		quoted, err := json.Marshal(message)
		require.NoError(t, err)
		code := "null"
		if tt.code != "" {
			code = `"` + tt.code + `"`
		}
		openAI := `{"error":{"message":` + string(quoted) + `,"type":"` + tt.kind + `","param":null,"code":` + code + `}}`
		assert.Equal(t, openAI, string(keypool.OpenAI.ErrorBody(tt.status, message)), tt.status)
		assert.Equal(t, openAI, string(keypool.Copilot.ErrorBody(tt.status, message)), tt.status)
		assert.Equal(t, `{"type":"error","error":{"type":"`+tt.anthropicErrors+`","message":`+string(quoted)+`},"request_id":null}`,
			string(keypool.Anthropic.ErrorBody(tt.status, message)), tt.status)
	}
}
