package fakeupstream

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
)

// anthropicModelEntry is one entry of GET /v1/models, and the answer of GET /v1/models/ID.
type anthropicModelEntry struct {
	Type           string          `json:"type"`
	ID             string          `json:"id"`
	DisplayName    string          `json:"display_name"`
	CreatedAt      string          `json:"created_at"`
	MaxInputTokens int             `json:"max_input_tokens"`
	MaxTokens      int             `json:"max_tokens"`
	Lifecycle      string          `json:"lifecycle"`
	Line           *string         `json:"line"`
	DeprecatedAt   *string         `json:"deprecated_at"`
	RetiresAt      *string         `json:"retires_at"`
	Capabilities   json.RawMessage `json:"capabilities"`
}

// anthropicPage is the answer of GET /v1/models. The ids are null on an empty page.
type anthropicPage struct {
	Data    []anthropicModelEntry `json:"data"`
	HasMore bool                  `json:"has_more"`
	FirstID *string               `json:"first_id"`
	LastID  *string               `json:"last_id"`
}

// anthropicPageSize is how long a page is when nobody says, and anthropicPageMax how long it can be.
const (
	anthropicPageSize = 20
	anthropicPageMax  = 1000
)

func anthropicModelOf(id string) anthropicModelEntry {
	name := id
	if id == anthropicModel {
		name = "Claude Sonnet 4.5"
	}
	return anthropicModelEntry{Type: "model", ID: id, DisplayName: name, CreatedAt: "2025-09-29T00:00:00Z",
		MaxInputTokens: 200_000, MaxTokens: 64_000, Lifecycle: "active", Capabilities: anthropicCapabilities()}
}

// anthropicCapabilities says yes to everything: the fakes refuse no feature.
func anthropicCapabilities() json.RawMessage {
	yes := map[string]any{"supported": true} // encoding/json writes maps in the order of their keys
	several := func(key string, names ...string) map[string]any {
		inner := map[string]any{}
		for _, name := range names {
			inner[name] = yes
		}
		if key != "" {
			return map[string]any{"supported": true, key: inner}
		}
		inner["supported"] = true
		return inner
	}
	return marshal(map[string]any{
		"batch": yes, "citations": yes, "code_execution": yes, "image_input": yes, "pdf_input": yes, "structured_outputs": yes,
		"context_management": several("", "clear_thinking_20251015", "clear_tool_uses_20250919", "compact_20260112"),
		"effort":             several("", "low", "medium", "high", "xhigh", "max"),
		"server_tools":       several("", "code_execution", "web_search"),
		"thinking":           several("types", "adaptive", "between_tools", "disabled", "enabled"),
	})
}

// anthropicModels answers GET /v1/models and GET /v1/models/ID, and any other GET with an empty object.
func anthropicModels(x *exchange) []byte {
	if x.hasEndpoint("models") {
		return marshal(anthropicPageOf(x))
	}
	if id := x.modelInPath(); id != "" {
		return marshal(anthropicModelOf(id))
	}
	return []byte("{}")
}

// anthropicPageOf reads after_id, before_id and limit. An id that is not listed is taken for none.
func anthropicPageOf(x *exchange) anthropicPage {
	query, _ := url.ParseQuery(x.query) // what is well-formed of it counts
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit < 1 || limit > anthropicPageMax {
		limit = anthropicPageSize
	}
	ids, more := x.listed(anthropicModel), false
	if before := slices.Index(ids, query.Get("before_id")); before >= 0 {
		ids = ids[:before]
		more = len(ids) > limit
		ids = ids[max(0, len(ids)-limit):]
	} else {
		ids = ids[slices.Index(ids, query.Get("after_id"))+1:]
		more = len(ids) > limit
		ids = ids[:min(limit, len(ids))]
	}
	out := anthropicPage{Data: []anthropicModelEntry{}, HasMore: more}
	for _, id := range ids {
		out.Data = append(out.Data, anthropicModelOf(id))
	}
	if len(ids) > 0 {
		out.FirstID, out.LastID = &ids[0], &ids[len(ids)-1]
	}
	return out
}
