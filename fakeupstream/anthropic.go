package fakeupstream

import (
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// anthropic is Anthropic's wire shape: messages, token counts and models.
type anthropic struct{}

func (anthropic) vendor() Vendor { return Anthropic }

func (anthropic) speaks(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, "/messages") || strings.Contains(r.URL.Path, "/messages/") ||
		r.Header.Get("X-Api-Key") != "" || r.Header.Get("Anthropic-Version") != ""
}

func (anthropic) credentialHeaders() []string { return []string{"X-Api-Key", "Authorization"} }

const anthropicModel = "claude-sonnet-4-5"

type anthropicLimit struct {
	kind      string
	perMinute int
}

// anthropicLimits are the limits that the headers tell.
func anthropicLimits() []anthropicLimit {
	return []anthropicLimit{{"Requests", 4_000}, {"Tokens", 480_000}, {"Input-Tokens", 400_000}, {"Output-Tokens", 80_000}}
}

// header returns the id and the rate limits, which are there on every answer, errors included. Resets are instants
// in RFC 3339.
func (anthropic) header(x *exchange) []HeaderField {
	out := []HeaderField{{"Request-Id", anthropicRequestID(x)}}
	reset := x.now.Add(x.reset()).UTC().Format(time.RFC3339)
	for _, l := range anthropicLimits() {
		used := 1
		if l.kind != "Requests" {
			used = x.inputTokens()
		}
		prefix := "Anthropic-Ratelimit-" + l.kind
		out = append(out,
			HeaderField{prefix + "-Limit", strconv.Itoa(l.perMinute)},
			HeaderField{prefix + "-Remaining", strconv.Itoa(x.remaining(l.perMinute, used))},
			HeaderField{prefix + "-Reset", reset})
	}
	return out
}

func anthropicRequestID(x *exchange) string { return "req_" + x.id("request", 24) }

func (anthropic) body(x *exchange) []byte {
	switch {
	case x.answer.Status >= 400:
		return marshal(anthropicErrorOf(x))
	case x.hasEndpoint("messages"):
		return marshal(anthropicMessageOf(x, turnOf(x, anthropicModel, 1)))
	case x.hasEndpoint("messages/count_tokens"):
		return marshal(struct {
			InputTokens int `json:"input_tokens"`
		}{turnOf(x, anthropicModel, 1).in})
	case x.isGet():
		return anthropicModels(x)
	default:
		return []byte("{}")
	}
}

func (anthropic) streams(x *exchange) bool { return x.hasEndpoint("messages") }

func (anthropic) turn(x *exchange) turn { return turnOf(x, anthropicModel, 1) }

func (anthropic) events(x *exchange) iter.Seq[event] { return anthropicEvents(x) }
