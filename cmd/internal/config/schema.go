package config

import (
	"encoding/json"
	"maps"
	"reflect"
	"strconv"
	"strings"
)

// SchemaURL is where editors find the schema.
const SchemaURL = "https://raw.githubusercontent.com/gatedrill/gatedrill/main/docs/gatedrill.schema.json"

// Schema is the JSON Schema (draft 2020-12) of File, as it is published.
func Schema() []byte {
	root := schemaOf(reflect.TypeFor[File]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = SchemaURL
	root["title"] = "The file of gatedrill serve"
	text, _ := json.MarshalIndent(root, "", "  ") // strings, numbers, maps: nothing that fails
	return append(text, '\n')
}

// schemaOf is the schema of a type. Its own schema method comes first, then its kind.
func schemaOf(t reflect.Type) map[string]any {
	if own, ok := reflect.Zero(t).Interface().(schemer); ok && t.Kind() != reflect.Pointer {
		return own.schema()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Struct:
		return structSchema(t)
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int:
		return map[string]any{"type": "integer"}
	case reflect.String:
		return map[string]any{"type": "string"}
	}
	panic("config: no schema for " + t.String())
}

// structSchema reads the tags of a struct's fields: json is the name, doc the
// description, enum the values, default what absence means, min and max the bounds.
func structSchema(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []any(nil)
	for _, f := range reflect.VisibleFields(t) {
		name := f.Tag.Get("json")
		s := schemaOf(f.Type)
		target := s
		if items, ok := s["items"].(map[string]any); ok {
			target = items
		}
		if enum := f.Tag.Get("enum"); enum != "" {
			values := []any{}
			for v := range strings.SplitSeq(enum, "|") {
				values = append(values, v)
			}
			target["enum"] = values
		}
		for tag, keyword := range map[string]string{"min": "minimum", "max": "maximum"} {
			if n, err := strconv.Atoi(f.Tag.Get(tag)); err == nil {
				target[keyword] = n
			}
		}
		doc := f.Tag.Get("doc")
		if v := f.Tag.Get("default"); v != "" {
			doc += " Default: " + v + "."
		}
		properties[name] = described(s, doc)
		if f.Tag.Get("required") != "" {
			required = append(required, name)
		}
	}
	return object(properties, required)
}

// object is the schema of a mapping with these settings and no others.
func object(properties map[string]any, required []any) map[string]any {
	s := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// described is a copy of a schema with a description.
func described(schema map[string]any, text string) map[string]any {
	schema = maps.Clone(schema)
	schema["description"] = text
	return schema
}
