package e2e

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// mayBeNull are the members that the vendors send as null although their SDKs call them required: there is nothing
// to say in them.
var mayBeNull = []string{
	"content", "refusal", "logprobs", "error", "incomplete_details", "instructions", // OpenAI
	"stop_reason", "stop_sequence", "stop_details", "container", "diagnostics", "citations", "server_tool_use", // Anthropic
	"deprecated_at", "retires_at", "line", "code", "param",
}

// field is what both SDKs know of a member of a JSON object that they decoded.
type field interface {
	Valid() bool
	Raw() string
}

// unfit returns what is wrong with a value that an SDK decoded: members that its type does not know, required ones
// that are missing, and values that are not what the type wants, in everything that it consists of.
func unfit(v any) []string {
	var out []string
	walk("", reflect.ValueOf(v), func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) })
	return out
}

func walk(path string, v reflect.Value, complain func(string, ...any)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			walk(path, v.Elem(), complain)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(fmt.Sprintf("%s[%d]", path, i), v.Index(i), complain)
		}
	case reflect.Struct:
		if asAny := v.MethodByName("AsAny"); asAny.IsValid() {
			variant := asAny.Call(nil)[0]
			if variant.IsNil() {
				complain("%s: is of no known variant", path)
				return
			}
			walk(path, variant.Elem(), complain)
			return
		}
		walkObject(path, v, complain)
	}
}

// walkObject looks at a struct that has the SDKs' metadata in its field JSON; others are leaves.
func walkObject(path string, v reflect.Value, complain func(string, ...any)) {
	metadata := v.FieldByName("JSON")
	if !metadata.IsValid() || metadata.Kind() != reflect.Struct {
		return
	}
	if extra := metadata.FieldByName("ExtraFields"); extra.IsValid() {
		var names []string
		for _, name := range extra.MapKeys() {
			names = append(names, name.String())
		}
		slices.Sort(names)
		for _, name := range names {
			complain("%s.%s: the SDK does not know it", path, name)
		}
	}
	for i := range v.NumField() {
		declared := v.Type().Field(i)
		known := metadata.FieldByName(declared.Name)
		name, options, _ := strings.Cut(declared.Tag.Get("json"), ",")
		if !known.IsValid() || name == "" || name == "-" {
			continue
		}
		f, ok := known.Interface().(field)
		if !ok {
			continue
		}
		constant := declared.Tag.Get("default")
		required := declared.Tag.Get("api") == "required" || strings.Contains(options, "required") || constant != ""
		at := path + "." + name
		switch raw := f.Raw(); {
		case raw == "" && required:
			complain("%s: is missing", at)
		case raw == "" || raw == "null" && (!required || slices.Contains(mayBeNull, name)):
		case raw == "null":
			complain("%s: is null", at)
		case !f.Valid():
			complain("%s: %s is not what the SDK wants", at, raw)
		case constant != "" && raw != fmt.Sprintf("%q", constant):
			complain("%s: is %s and not %q", at, raw, constant)
		default:
			walk(at, v.Field(i), complain)
		}
	}
}
