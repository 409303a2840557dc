package fakeupstream

import (
	"fmt"
	"net/http"
	"slices"
)

// openaiEndpoints are what the fake speaks.
func openaiEndpoints() []endpoint {
	return []endpoint{
		{http.MethodPost, "chat/completions", []string{"model", "messages"}},
		{http.MethodPost, "responses", []string{"model", "input"}},
		{http.MethodPost, "embeddings", []string{"model", "input"}},
		{http.MethodGet, "models", nil},
		{http.MethodGet, "models/*", nil},
	}
}

func (openai) refuse(x *exchange) *refusal { return openaiRefusal(x, true) }

// openaiRefusal looks at a request as the vendor does: endpoint, credential, JSON, members, model. namesModel tells
// whether the request has to name its model.
func openaiRefusal(x *exchange, namesModel bool) *refusal {
	const kind = "invalid_request_error"
	e, found, known := x.find(openaiEndpoints())
	switch {
	case !known:
		return &refusal{status: http.StatusNotFound, kind: kind, message: fmt.Sprintf("Invalid URL (%s %s)", x.method, x.path)}
	case !found:
		return &refusal{status: http.StatusMethodNotAllowed, kind: kind, code: "method_not_supported",
			message: fmt.Sprintf("Not allowed to %s on %s. (HINT: Perhaps you meant to use a different HTTP method?)", x.method, x.path)}
	case x.key == KeyNone:
		return &refusal{status: http.StatusUnauthorized, kind: kind,
			message: "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth " +
				"(i.e. Authorization: Bearer YOUR_KEY)."}
	case x.isGet():
		if id := x.modelInPath(); id != "" && !x.hasModel(id) {
			return openaiNoModel(id)
		}
		return nil
	}
	if !namesModel {
		e.needs = slices.DeleteFunc(e.needs, func(name string) bool { return name == "model" })
	}
	missing, bad := x.lacks(e.needs)
	switch {
	case bad:
		return &refusal{status: http.StatusBadRequest, kind: kind,
			message: "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. " +
				"The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)"}
	case missing == "model":
		return &refusal{status: http.StatusBadRequest, kind: kind, message: "you must provide a model parameter"}
	case missing != "":
		return &refusal{status: http.StatusBadRequest, kind: kind, param: missing, code: "missing_required_parameter",
			message: fmt.Sprintf("Missing required parameter: '%s'.", missing)}
	case namesModel && !x.hasModel(x.asked.Model):
		return openaiNoModel(x.asked.Model)
	}
	return nil
}

func openaiNoModel(name string) *refusal {
	return &refusal{status: http.StatusNotFound, kind: "invalid_request_error", code: "model_not_found",
		message: fmt.Sprintf("The model `%s` does not exist or you do not have access to it.", name)}
}
