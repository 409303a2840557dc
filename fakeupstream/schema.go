package fakeupstream

import (
	"encoding/json"
	"slices"
)

// maxSchemaDepth bounds how deep arguments are nested: a schema may refer to itself.
const maxSchemaDepth = 8

// arguments writes a value that fits a tool's JSON Schema, as far as its types, enums, constants and required
// properties say: the smallest one that a client's own decoder takes. A schema of any other kind gets null.
func arguments(schema json.RawMessage) string {
	if len(schema) == 0 {
		return "{}"
	}
	return string(marshal(valueFor(schema, maxSchemaDepth)))
}

func valueFor(schema json.RawMessage, depth int) any {
	var s struct {
		Type       json.RawMessage            `json:"type"`
		Const      json.RawMessage            `json:"const"`
		Enum       []json.RawMessage          `json:"enum"`
		AnyOf      []json.RawMessage          `json:"anyOf"`
		Properties map[string]json.RawMessage `json:"properties"`
		Required   []string                   `json:"required"`
		Items      json.RawMessage            `json:"items"`
	}
	if json.Unmarshal(schema, &s) != nil || depth == 0 {
		return nil
	}
	switch {
	case s.Const != nil:
		return s.Const
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.AnyOf) > 0:
		return valueFor(s.AnyOf[0], depth-1)
	}
	switch typeIn(s.Type) {
	case "object":
		return objectFor(s.Properties, s.Required, depth)
	case "array":
		if s.Items == nil {
			return []any{}
		}
		return []any{valueFor(s.Items, depth-1)}
	case "string":
		return "text"
	case "integer", "number":
		return 1
	case "boolean":
		return true
	}
	return nil
}

// objectFor fills the required properties, or all of them when none is.
func objectFor(properties map[string]json.RawMessage, required []string, depth int) map[string]any {
	out := map[string]any{} // encoding/json writes maps in the order of their keys
	for name, p := range properties {
		if len(required) == 0 || slices.Contains(required, name) {
			out[name] = valueFor(p, depth-1)
		}
	}
	return out
}

// typeIn reads "type", which is a name or a list of them.
func typeIn(raw json.RawMessage) string {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return one
	}
	var several []string
	_ = json.Unmarshal(raw, &several)
	if len(several) == 0 {
		return ""
	}
	return several[0]
}
