package keypool

import (
	"encoding/json"
	"net/http"
)

type openAIError struct {
	Error struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    *string `json:"code"`
	} `json:"error"`
}

type anthropicError struct {
	Type  string `json:"type"`
	Error struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	} `json:"error"`
	RequestID *string `json:"request_id"`
}

// ErrorBody returns the body of an error answer in the vendor's own shape, as JSON:
// clients find the type where their SDK looks for it. Copilot's is OpenAI's.
// Anthropic's request_id is null, as it may be: the upstream has not seen the request.
func (v Vendor) ErrorBody(status int, message string) []byte {
	var shape any
	if v == Anthropic {
		e := anthropicError{Type: "error"}
		e.Error.Type, e.Error.Message = anthropicErrorType(status), message
		shape = e
	} else {
		var e openAIError
		kind, code := openAIErrorType(status)
		e.Error.Message, e.Error.Type = message, kind
		if code != "" {
			e.Error.Code = &code
		}
		shape = e
	}
	// Strings and pointers to strings cannot fail to marshal.
	body, _ := json.Marshal(shape)
	return body
}

// openAIErrorType gives the type and the code that OpenAI's API answers a status
// with; code is empty where the API sends null.
func openAIErrorType(status int) (kind, code string) {
	switch {
	case status == http.StatusUnauthorized:
		return "invalid_request_error", "invalid_api_key"
	case status == http.StatusForbidden:
		return "request_forbidden", ""
	case status == http.StatusTooManyRequests:
		return "requests", "rate_limit_exceeded"
	case status >= http.StatusInternalServerError:
		return "server_error", ""
	default:
		return "invalid_request_error", ""
	}
}

// anthropicErrorType gives the type that Anthropic's API answers a status with.
func anthropicErrorType(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "authentication_error"
	case status == http.StatusPaymentRequired:
		return "billing_error"
	case status == http.StatusForbidden:
		return "permission_error"
	case status == http.StatusNotFound:
		return "not_found_error"
	case status == http.StatusRequestEntityTooLarge:
		return "request_too_large"
	case status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case status == http.StatusGatewayTimeout:
		return "timeout_error"
	case status == 529:
		return "overloaded_error"
	case status >= http.StatusInternalServerError:
		return "api_error"
	default:
		return "invalid_request_error"
	}
}
