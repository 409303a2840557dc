package fakeupstream

import "net/http"

// anthropicError is the body of every error. The id is the one of the request-id header.
type anthropicError struct {
	Type      string               `json:"type"`
	Error     anthropicErrorDetail `json:"error"`
	RequestID string               `json:"request_id"`
}

type anthropicErrorDetail struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

// anthropicErrorOf returns the body that Anthropic sends with a status. There are no codes beside the type, so a
// code of the script is the type.
func anthropicErrorOf(x *exchange) anthropicError {
	d := anthropicUsualError(x.answer.Status)
	if x.answer.Code != "" {
		d.Type = x.answer.Code
	}
	if x.answer.Message != "" {
		d.Message = x.answer.Message
	}
	if r := x.refusal; r != nil {
		d = anthropicErrorDetail{r.kind, r.message}
	}
	return anthropicError{Type: "error", Error: d, RequestID: anthropicRequestID(x)}
}

func anthropicUsualError(status int) anthropicErrorDetail {
	switch status {
	case http.StatusBadRequest:
		return anthropicErrorDetail{"invalid_request_error", "messages: at least one message is required"}
	case http.StatusUnauthorized:
		return anthropicErrorDetail{"authentication_error", "invalid x-api-key"}
	case http.StatusPaymentRequired:
		return anthropicErrorDetail{"billing_error", "There is an issue with your billing or payment information."}
	case http.StatusForbidden:
		return anthropicErrorDetail{"permission_error", "Your API key does not have permission to use the specified resource."}
	case http.StatusNotFound:
		return anthropicErrorDetail{"not_found_error", "The requested resource could not be found."}
	case http.StatusRequestEntityTooLarge:
		return anthropicErrorDetail{"request_too_large", "Request exceeds the maximum size"}
	case http.StatusTooManyRequests:
		return anthropicErrorDetail{"rate_limit_error", "This request would exceed your organization's rate limit. Please try again later."}
	case http.StatusGatewayTimeout:
		return anthropicErrorDetail{"timeout_error", "The request timed out while it was processed."}
	case 529: // the vendor's own status
		return anthropicErrorDetail{"overloaded_error", "Overloaded"}
	}
	if status >= 500 {
		return anthropicErrorDetail{"api_error", "Internal server error"}
	}
	return anthropicErrorDetail{"invalid_request_error", "The request was refused: " + http.StatusText(status)}
}
