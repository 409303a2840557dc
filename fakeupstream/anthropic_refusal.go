package fakeupstream

import "net/http"

// anthropicEndpoints are what the fake speaks.
func anthropicEndpoints() []endpoint {
	return []endpoint{
		{http.MethodPost, "messages", []string{"model", "max_tokens", "messages"}},
		{http.MethodPost, "messages/count_tokens", []string{"model", "messages"}},
		{http.MethodGet, "models", nil},
		{http.MethodGet, "models/*", nil},
	}
}

// refuse looks at a request as the vendor does: endpoint, credential, version, JSON, members, model.
func (anthropic) refuse(x *exchange) *refusal {
	const kind = "invalid_request_error"
	e, found, known := x.find(anthropicEndpoints())
	switch {
	case !known:
		return &refusal{status: http.StatusNotFound, kind: "not_found_error", message: "Not Found"}
	case !found:
		return &refusal{status: http.StatusMethodNotAllowed, kind: kind, message: "Method Not Allowed"}
	case x.key == KeyNone:
		return &refusal{status: http.StatusUnauthorized, kind: "authentication_error", message: "x-api-key header is required"}
	case x.header.Get("Anthropic-Version") == "":
		return &refusal{status: http.StatusBadRequest, kind: kind, message: "anthropic-version: header is required"}
	case x.isGet():
		if id := x.modelInPath(); id != "" && !x.hasModel(id) {
			return anthropicNoModel(id)
		}
		return nil
	}
	missing, bad := x.lacks(e.needs)
	switch {
	case bad:
		return &refusal{status: http.StatusBadRequest, kind: kind, message: "The request body is not valid JSON"}
	case missing != "":
		return &refusal{status: http.StatusBadRequest, kind: kind, message: missing + ": Field required"}
	case !x.hasModel(x.asked.Model):
		return anthropicNoModel(x.asked.Model)
	}
	return nil
}

func anthropicNoModel(name string) *refusal {
	return &refusal{status: http.StatusNotFound, kind: "not_found_error", message: "model: " + name}
}
