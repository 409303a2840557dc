package fakeupstream

import "net/http"

// failure is the error object in an unnamed event, without [DONE] behind it. The Responses API names the event, and
// has the error's fields beside its type.
func (openai) failure(x *exchange, before int) []byte {
	failed := *x
	failed.answer.Status = http.StatusInternalServerError
	e := openaiErrorOf(&failed)
	if !x.hasEndpoint("responses") {
		return sse("", marshal(e))
	}
	return sse("error", marshal(struct {
		Type           string  `json:"type"`
		SequenceNumber int     `json:"sequence_number"`
		Code           *string `json:"code"`
		Message        string  `json:"message"`
		Param          *string `json:"param"`
	}{"error", before, e.Error.Code, e.Error.Message, e.Error.Param}))
}

// failure is the error event that can follow a 200: of an overload unless the rule says otherwise.
func (anthropic) failure(x *exchange, _ int) []byte {
	failed := *x
	failed.answer.Status = 529
	return sse("error", marshal(anthropicErrorOf(&failed)))
}
