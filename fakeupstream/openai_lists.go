package fakeupstream

// openaiModelEntry is one entry of GET /v1/models, and the answer of GET /v1/models/ID.
type openaiModelEntry struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

func openaiModelOf(id string) openaiModelEntry {
	return openaiModelEntry{ID: id, Object: "model", Created: 1721172741, OwnedBy: "system"}
}

// openaiModels answers GET /v1/models and GET /v1/models/ID, and any other GET with an empty object.
func openaiModels(x *exchange) []byte {
	if x.hasEndpoint("models") {
		entries := []openaiModelEntry{}
		for _, id := range x.listed(openaiModel) {
			entries = append(entries, openaiModelOf(id))
		}
		return marshal(struct {
			Object string             `json:"object"`
			Data   []openaiModelEntry `json:"data"`
		}{"list", entries})
	}
	if id := x.modelInPath(); id != "" {
		return marshal(openaiModelOf(id))
	}
	return []byte("{}")
}
