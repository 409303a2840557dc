package fakeupstream

import (
	"fmt"
	"net/http"
)

// openaiError is the body of every error: param and code are null where there is none.
type openaiError struct {
	Error openaiErrorDetail `json:"error"`
}

type openaiErrorDetail struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

// openaiErrorOf returns the body that OpenAI sends with a status, or with a status and a code.
func openaiErrorOf(x *exchange) openaiError {
	if r := x.refusal; r != nil {
		return openaiError{openaiErrorDetail{Message: r.message, Type: r.kind, Param: orNull(r.param), Code: orNull(r.code)}}
	}
	d := openaiUsualError(x)
	if x.answer.Code != "" {
		d.code = x.answer.Code
	}
	if d.code == "insufficient_quota" { // waiting does not help, and the type says so too
		d.kind = "insufficient_quota"
		d.message = "You exceeded your current quota, please check your plan and billing details."
	}
	if x.answer.Type != "" {
		d.kind = x.answer.Type
	}
	if x.answer.Message != "" {
		d.message = x.answer.Message
	}
	return openaiError{openaiErrorDetail{Message: d.message, Type: d.kind, Code: orNull(d.code)}}
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

const openaiServerError = "The server had an error while processing your request. Sorry about that!"

type openaiErrorText struct{ message, kind, code string }

func openaiUsualError(x *exchange) openaiErrorText {
	switch status := x.answer.Status; status {
	case http.StatusUnauthorized:
		// The vendor repeats the key, half hidden; a witness repeats nothing of a secret.
		return openaiErrorText{"Incorrect API key provided.", "invalid_request_error", "invalid_api_key"}
	case http.StatusForbidden:
		return openaiErrorText{"Country, region, or territory not supported", "request_forbidden", "unsupported_country_region_territory"}
	case http.StatusNotFound:
		return openaiErrorText{fmt.Sprintf("The model `%s` does not exist or you do not have access to it.", x.model(openaiModel)),
			"invalid_request_error", "model_not_found"}
	case http.StatusTooManyRequests:
		return openaiErrorText{openaiRateLimitMessage(x), "requests", "rate_limit_exceeded"}
	case http.StatusServiceUnavailable:
		return openaiErrorText{"The server is currently overloaded with other requests. Please try again later.", "server_error", "server_is_overloaded"}
	default:
		if status >= 500 {
			return openaiErrorText{openaiServerError, "server_error", ""}
		}
		return openaiErrorText{fmt.Sprintf("The request was refused: %d %s.", status, http.StatusText(status)), "invalid_request_error", ""}
	}
}

// openaiRateLimitMessage names the wait in prose when the answer names one: the vendor does, and a gateway that
// trusts the prose over the headers is one of the things that a drill can show.
func openaiRateLimitMessage(x *exchange) string {
	m := fmt.Sprintf("Rate limit reached for %s on requests per min (RPM): Limit %d, Used %[2]d, Requested 1.", x.model(openaiModel), openaiRequests)
	if d, ok := x.wait(); ok {
		m += fmt.Sprintf(" Please try again in %s.", durationText(d))
	}
	return m
}
