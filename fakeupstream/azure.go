package fakeupstream

import (
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Azure is OpenAI's models behind Azure's door: paths with a deployment in them, a key of its own, errors in another
// shape, and a verdict of its content filter on everything. Its documentation is "Azure OpenAI in Azure AI Foundry
// Models REST API reference".
const Azure Vendor = "azure"

// azure is OpenAI's shape with what Azure has otherwise.
type azure struct{ openai }

func (azure) vendor() Vendor { return Azure }

func (azure) speaks(r *http.Request) bool {
	return strings.Contains(r.URL.Path, "/openai/deployments/") || r.Header.Get("Api-Key") != ""
}

func (azure) credentialHeaders() []string { return []string{"Api-Key", "Authorization"} }

func (a azure) header(x *exchange) []HeaderField {
	return append(a.openai.header(x),
		HeaderField{"Apim-Request-Id", x.id("apim", 32)},
		HeaderField{"X-Ms-Region", "East US"})
}

func (a azure) body(x *exchange) []byte {
	switch {
	case x.answer.Status >= http.StatusBadRequest:
		return marshal(azureErrorOf(x))
	case x.hasEndpoint("chat/completions"):
		return marshal(azureCompletionOf(x))
	default:
		return a.openai.body(x)
	}
}

func (a azure) events(x *exchange) iter.Seq[event] {
	if !x.hasEndpoint("chat/completions") {
		return a.openai.events(x)
	}
	return azureChatEvents(x)
}

func (a azure) failure(x *exchange, before int) []byte {
	if x.hasEndpoint("responses") {
		return a.openai.failure(x, before)
	}
	failed := *x
	failed.answer.Status = http.StatusInternalServerError
	return sse("", marshal(azureErrorOf(&failed)))
}

// azureVerdict is what the content filter says of one category.
type azureVerdict struct {
	Filtered bool   `json:"filtered"`
	Severity string `json:"severity"`
}

type azureVerdicts struct {
	Hate     azureVerdict `json:"hate"`
	SelfHarm azureVerdict `json:"self_harm"`
	Sexual   azureVerdict `json:"sexual"`
	Violence azureVerdict `json:"violence"`
}

// azureVerdictsOf finds nothing, or when filtered is set hate.
func azureVerdictsOf(filtered bool) azureVerdicts {
	safe := azureVerdict{Severity: "safe"}
	out := azureVerdicts{safe, safe, safe, safe}
	if filtered {
		out.Hate = azureVerdict{true, "high"}
	}
	return out
}

type azurePrompt struct {
	PromptIndex int           `json:"prompt_index"`
	Results     azureVerdicts `json:"content_filter_results"`
}

func azurePrompts() []azurePrompt { return []azurePrompt{{0, azureVerdictsOf(false)}} }

type azureCompletion struct {
	openaiCompletion
	Choices []azureChoice `json:"choices"` // in place of the embedded ones
	Prompts []azurePrompt `json:"prompt_filter_results"`
}

type azureChoice struct {
	openaiChoice
	Results azureVerdicts `json:"content_filter_results"`
}

func azureCompletionOf(x *exchange) azureCompletion {
	out := azureCompletion{openaiCompletion: openaiCompletionOf(x), Prompts: azurePrompts()}
	for _, c := range out.openaiCompletion.Choices {
		out.Choices = append(out.Choices, azureChoice{c, azureVerdictsOf(c.FinishReason == "content_filter")})
	}
	return out
}

type azureChunk struct {
	openaiChunk
	Choices []azureChunkChoice `json:"choices"` // in place of the embedded ones
}

type azureChunkChoice struct {
	openaiChunkChoice
	Results any `json:"content_filter_results"`
}

// azureChatEvents streams a chunk without choices that tells what the filter makes of the prompt, and then what
// OpenAI does.
func azureChatEvents(x *exchange) iter.Seq[event] {
	first := struct {
		openaiChunk
		Prompts []azurePrompt `json:"prompt_filter_results"`
	}{openaiChunk{Choices: []openaiChunkChoice{}}, azurePrompts()}
	return func(yield func(event) bool) {
		if !yield(event{bytes: sse("", marshal(first))}) {
			return
		}
		for _, c := range openaiChunks(x) {
			out := azureChunk{openaiChunk: c, Choices: []azureChunkChoice{}}
			for _, choice := range c.Choices {
				out.Choices = append(out.Choices, azureChunkChoice{choice, azureResultsOf(choice)})
			}
			if !yield(event{bytes: sse("", marshal(out)), content: c.content}) {
				return
			}
		}
		yield(event{bytes: sse("", []byte("[DONE]"))})
	}
}

// azureResultsOf is what the filter says of a chunk: nothing where there is no content, and where it was well.
func azureResultsOf(c openaiChunkChoice) any {
	switch {
	case c.FinishReason != nil && *c.FinishReason == "content_filter":
		return azureVerdictsOf(true)
	case c.Delta.Content != nil && *c.Delta.Content != "":
		return azureVerdictsOf(false)
	default:
		return struct{}{}
	}
}

// azureError is the body of every error. A code is a word, or the status in digits.
type azureError struct {
	Error azureErrorDetail `json:"error"`
}

type azureErrorDetail struct {
	Code    string           `json:"code"`
	Message string           `json:"message"`
	Type    *string          `json:"type,omitempty"`
	Param   string           `json:"param,omitempty"`
	Status  int              `json:"status,omitempty"`
	Inner   *azureInnerError `json:"innererror,omitempty"`
}

type azureInnerError struct {
	Code    string        `json:"code"`
	Results azureVerdicts `json:"content_filter_result"`
}

// azureErrorOf returns the body that Azure sends with a status, or with a status and a code.
func azureErrorOf(x *exchange) azureError {
	d := azureUsualError(x)
	if x.answer.Code != "" {
		d.Code = x.answer.Code
	}
	if r := x.refusal; r != nil {
		d = azureErrorDetail{Code: r.code, Message: r.message, Param: r.param}
		if d.Code == "" {
			d.Code = fmt.Sprint(r.status)
		}
	}
	if d.Code == "content_filter" {
		d.Message = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. " +
			"Please modify your prompt and retry."
		d.Param, d.Status = "prompt", x.answer.Status
		d.Inner = &azureInnerError{"ResponsibleAIPolicyViolation", azureVerdictsOf(true)}
	}
	if x.answer.Type != "" {
		d.Type = &x.answer.Type
	}
	if x.answer.Message != "" {
		d.Message = x.answer.Message
	}
	return azureError{d}
}

func azureUsualError(x *exchange) azureErrorDetail {
	code := fmt.Sprint(x.answer.Status)
	switch x.answer.Status {
	case http.StatusUnauthorized:
		return azureErrorDetail{Code: code, Message: "Access denied due to invalid subscription key or wrong API endpoint. " +
			"Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."}
	case http.StatusForbidden:
		return azureErrorDetail{Code: code, Message: "Access denied due to Virtual Network/Firewall rules."}
	case http.StatusNotFound:
		return azureErrorDetail{Code: "DeploymentNotFound", Message: "The API deployment for this resource does not exist. " +
			"If you created the deployment within the last 5 minutes, please wait a moment and try again."}
	case http.StatusTooManyRequests:
		wait := time.Second
		if d, ok := x.wait(); ok {
			wait = d
		}
		return azureErrorDetail{Code: code, Message: fmt.Sprintf("Requests to the ChatCompletions_Create Operation under Azure OpenAI API "+
			"have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after %d seconds.", (wait+time.Second-1)/time.Second)}
	}
	if x.answer.Status >= http.StatusInternalServerError {
		return azureErrorDetail{Code: "InternalServerError", Message: "The server had an error while processing your request. Sorry about that!"}
	}
	return azureErrorDetail{Code: code, Message: fmt.Sprintf("The request was refused: %d %s.", x.answer.Status, http.StatusText(x.answer.Status))}
}

// refuse wants a version in the query, and takes the model from the path.
func (azure) refuse(x *exchange) *refusal {
	base, rest, isDeployment := strings.Cut(x.path, "/openai/deployments/")
	if !isDeployment {
		return openaiRefusal(x, true)
	}
	deployment, path, _ := strings.Cut(rest, "/")
	inner := *x
	inner.path = base + "/v1/" + path
	query, _ := url.ParseQuery(x.query) // what is well-formed of it counts
	_, _, known := inner.find(openaiEndpoints())
	refused := func(status int) *refusal {
		d := azureUsualError(&exchange{answer: Answer{Status: status}})
		return &refusal{status: status, code: d.Code, message: d.Message}
	}
	switch {
	case !known || query.Get("api-version") == "":
		return &refusal{status: http.StatusNotFound, message: "Resource not found"}
	case x.key == KeyNone:
		return refused(http.StatusUnauthorized)
	case !x.hasModel(deployment):
		return refused(http.StatusNotFound)
	default:
		return openaiRefusal(&inner, false)
	}
}
