package fakeupstream

import (
	"encoding/json"
	"strings"
)

// openaiEmbeddings is the answer of POST /v1/embeddings.
type openaiEmbeddings struct {
	Object string            `json:"object"`
	Data   []openaiEmbedding `json:"data"`
	Model  string            `json:"model"`
	Usage  struct {
		PromptTokens int `json:"prompt_tokens"`
		TotalTokens  int `json:"total_tokens"`
	} `json:"usage"`
}

type openaiEmbedding struct {
	Object    string    `json:"object"`
	Index     int       `json:"index"`
	Embedding []float64 `json:"embedding"`
}

// openaiEmbeddingsOf returns one short vector for each text of the request's input.
func openaiEmbeddingsOf(x *exchange) openaiEmbeddings {
	out := openaiEmbeddings{Object: "list", Model: x.model("text-embedding-3-small")}
	for i := range openaiInputs(x.asked.Input) {
		out.Data = append(out.Data, openaiEmbedding{Object: "embedding", Index: i, Embedding: []float64{0.25, -0.5, 0.125}})
	}
	out.Usage.PromptTokens = x.inputTokens()
	out.Usage.TotalTokens = x.inputTokens()
	return out
}

// openaiInputs counts the texts of an input: a list of texts, or of token lists, has several; a text or a list of
// token numbers is one.
func openaiInputs(input json.RawMessage) int {
	var list []json.RawMessage
	if json.Unmarshal(input, &list) != nil || len(list) == 0 {
		return 1
	}
	if first := list[0][0]; first == '"' || first == '[' {
		return len(list)
	}
	return 1
}

// openaiModelEntry is one entry of GET /v1/models, and the answer of GET /v1/models/ID.
type openaiModelEntry struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

// openaiModels answers GET /v1/models and GET /v1/models/ID, and any other GET with an empty object.
func openaiModels(x *exchange) []byte {
	entry := openaiModelEntry{ID: openaiModel, Object: "model", Created: 1721172741, OwnedBy: "system"}
	if x.hasEndpoint("models") {
		return marshal(struct {
			Object string             `json:"object"`
			Data   []openaiModelEntry `json:"data"`
		}{"list", []openaiModelEntry{entry}})
	}
	if id, ok := strings.CutPrefix(x.endpoint(), "models/"); ok {
		entry.ID = id
		return marshal(entry)
	}
	return []byte("{}")
}
