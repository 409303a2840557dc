package config

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// compiled is the schema that files are checked with: the published one.
var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(SchemaURL, doc); err != nil {
		return nil, err
	}
	return compiler.Compile(SchemaURL)
})

// validate adds what the schema has against a file.
func validate(root *node, wrong *mistakes) error {
	schema, err := compiled()
	if err != nil {
		return fmt.Errorf("config: the schema does not compile: %w", err)
	}
	found, ok := schema.Validate(root.plain()).(*jsonschema.ValidationError)
	if ok {
		v := &validation{root: root, wrong: wrong}
		v.walk(found)
	}
	return nil
}

// validation turns errors of the schema into mistakes at their places.
type validation struct {
	root  *node
	wrong *mistakes
}

func (v *validation) walk(e *jsonschema.ValidationError) {
	if _, ok := e.ErrorKind.(*kind.AnyOf); ok {
		v.branch(e)
		return
	}
	for _, cause := range e.Causes {
		v.walk(cause)
	}
	if len(e.Causes) == 0 {
		v.leaf(e)
	}
}

// branch says what is wrong with a value that may have several forms: what the form
// says whose type the value has.
func (v *validation) branch(e *jsonschema.ValidationError) {
	var want []string
	for _, cause := range e.Causes {
		if types := wrongTypes(cause, len(e.InstanceLocation)); types != nil {
			want = append(want, types...)
			continue
		}
		v.walk(cause)
		return
	}
	v.add(e.InstanceLocation, "must be "+list(kinds(want), "or"))
}

// wrongTypes returns the types that a form wants when the value as a whole, depth steps
// down, has another.
func wrongTypes(e *jsonschema.ValidationError, depth int) []string {
	if k, ok := e.ErrorKind.(*kind.Type); ok && len(e.InstanceLocation) == depth {
		return k.Want
	}
	for _, cause := range e.Causes {
		if types := wrongTypes(cause, depth); types != nil {
			return types
		}
	}
	return nil
}

func (v *validation) leaf(e *jsonschema.ValidationError) {
	at := e.InstanceLocation
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		v.unknown(e, k.Properties)
	case *kind.Required:
		for _, name := range k.Missing {
			v.add(at, name+" is missing")
		}
	case *kind.Type:
		text := "must be " + list(kinds(k.Want), "or")
		if slices.Contains(k.Want, "string") && k.Got != "object" && k.Got != "array" {
			text += "; write it in quotes"
		}
		v.add(at, text)
	case *kind.Enum:
		v.add(at, enumText(k))
	case *kind.Pattern:
		v.add(at, patternText(k.Want))
	case *kind.MinLength:
		v.add(at, "must not be empty")
	case *kind.Minimum:
		v.add(at, "must be at least "+k.Want.RatString())
	case *kind.Maximum:
		v.add(at, "must be at most "+k.Want.RatString())
	default:
		v.add(at, "is not as the schema has it ("+strings.Join(e.ErrorKind.KeywordPath(), "/")+")")
	}
}

// unknown adds a mistake for each name that the mapping does not know.
func (v *validation) unknown(e *jsonschema.ValidationError, names []string) {
	m, _ := v.root.find(e.InstanceLocation).value.(*mapping)
	if m == nil {
		return
	}
	known := v.known(e)
	slices.Sort(names)
	for _, name := range names {
		text := "there is no setting " + shown(name)
		if status := strings.HasPrefix(pathText(e.InstanceLocation), "policy"); status && !slices.Contains(known, "preset") {
			text = shown(name) + " is no HTTP status that this table may have"
		}
		if near := nearest(name, known); near != "" {
			text = fmt.Sprintf("there is no setting %s; did you mean %s?", name, near)
		}
		v.wrong.add(m.keys[name], pathText(e.InstanceLocation), text)
	}
}

// known are the settings of the mapping, by the schema that refused it.
func (v *validation) known(e *jsonschema.ValidationError) []string {
	schema, err := compiled()
	if err != nil {
		return nil
	}
	var names []string
	for _, s := range settingsAt(schema, e.InstanceLocation) {
		for name := range s.Properties {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// settingsAt are the schemas of a place in the file.
func settingsAt(schema *jsonschema.Schema, path []string) []*jsonschema.Schema {
	here := append([]*jsonschema.Schema{schema}, schema.AnyOf...)
	if len(path) == 0 {
		return here
	}
	var found []*jsonschema.Schema
	for _, s := range here {
		if inner := s.Properties[path[0]]; inner != nil {
			found = append(found, settingsAt(inner, path[1:])...)
		}
		if items, ok := s.Items2020, isNumber(path[0]); items != nil && ok {
			found = append(found, settingsAt(items, path[1:])...)
		}
		for _, inner := range s.PatternProperties { // there is one at most
			found = append(found, settingsAt(inner, path[1:])...)
		}
	}
	return found
}

func (v *validation) add(path []string, text string) {
	v.wrong.add(v.root.find(path).pos, pathText(path), text)
}

// enumText lists the values. The one that was given is repeated only when it comes near
// one of them: it might be a key in the wrong place.
func enumText(k *kind.Enum) string {
	var want []string
	for _, value := range k.Want {
		want = append(want, fmt.Sprint(value))
	}
	text := "must be " + list(want, "or")
	if got, ok := k.Got.(string); ok {
		if near := nearest(got, want); near != "" {
			text = fmt.Sprintf("%s is none of %s; did you mean %s?", got, list(want, "and"), near)
		}
	}
	return text
}

func patternText(want string) string {
	switch want {
	case durationPattern:
		return "must be a duration such as 90s or 1m30s, or off"
	case sizePattern:
		return "must be a number of bytes, or such as 32MiB"
	}
	return "must be a duration such as 90s or 1m30s"
}

// kinds are types of JSON in words.
func kinds(types []string) (words []string) {
	for _, t := range types {
		words = append(words, map[string]string{
			"string": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
			"array": "a list", "object": "a mapping", "null": "nothing",
		}[t])
	}
	return words
}

// list is "a, b or c".
func list(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + last + " " + words[len(words)-1]
}

// index is a place in a list as a step of a path.
func index(i int) string { return strconv.Itoa(i) }
