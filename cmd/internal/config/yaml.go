package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// pos is a place in a file, from 1; the zero pos is the file as a whole. What was not
// said in the file has the name of the flag or variable that said it.
type pos struct {
	line, column int
	origin       string
}

// node is a value of the file that remembers where it stands. Its value is nil, bool,
// int64, float64, string, []*node or *mapping, what JSON can say.
type node struct {
	pos
	value any
}

// mapping is a YAML mapping without duplicates, in the order of the file.
type mapping struct {
	names  []string
	keys   map[string]pos
	values map[string]*node
}

// Limits of a file: far beyond what anybody writes, and within what a machine bears
// (aliases of aliases grow by powers).
const (
	maxNodes = 500_000
	maxDepth = 64
)

// reader turns YAML into nodes and collects mistakes.
type reader struct {
	wrong *mistakes
	nodes int
}

// parse reads the only document of a text. It returns nil after a mistake that nothing
// can be read beyond.
func parse(text []byte, wrong *mistakes) *node {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF):
		wrong.add(pos{}, "", "the file is empty")
		return nil
	case err != nil:
		wrong.syntax(err)
		return nil
	}
	r := &reader{wrong: wrong}
	root := r.read(doc.Content[0], nil, 0)
	switch err := decoder.Decode(&more); {
	case err == nil:
		wrong.add(at(&more), "", "a second document begins here; a file has one")
	case !errors.Is(err, io.EOF):
		wrong.syntax(err)
	}
	if r.nodes > maxNodes {
		return nil
	}
	return root
}

func at(y *yaml.Node) pos { return pos{line: y.Line, column: y.Column} }

// read makes a node of a YAML node at a path.
func (r *reader) read(y *yaml.Node, path []string, depth int) *node {
	at := at(y)
	if r.nodes++; r.nodes > maxNodes || depth > maxDepth {
		if r.nodes <= maxNodes+1 {
			r.nodes = maxNodes + 1 // say it once, and read no further
			r.wrong.add(at, pathText(path), "the file is nested too deeply, or too large once its aliases are followed")
		}
		return &node{pos: at}
	}
	switch y.Kind {
	case yaml.AliasNode:
		n := *r.read(y.Alias, path, depth+1)
		n.pos = at
		return &n
	case yaml.MappingNode:
		return &node{at, r.mapping(y, path, depth)}
	case yaml.SequenceNode:
		list := make([]*node, 0, len(y.Content))
		for i, item := range y.Content {
			list = append(list, r.read(item, append(slices.Clip(path), strconv.Itoa(i)), depth+1))
		}
		return &node{at, list}
	}
	return &node{at, scalar(y)}
}

func (r *reader) mapping(y *yaml.Node, path []string, depth int) *mapping {
	m := &mapping{keys: map[string]pos{}, values: map[string]*node{}}
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		at := at(key)
		switch first, again := m.keys[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			r.wrong.add(at, pathText(path), "the name of a setting is a plain word")
			continue
		case key.ShortTag() == "!!merge":
			r.wrong.add(at, pathText(path), "merge keys (<<) are not understood; name the settings, or alias whole values")
			continue
		case again:
			r.wrong.add(at, pathText(path), fmt.Sprintf("%s is given twice; the first is on line %d", shown(key.Value), first.line))
			continue
		}
		m.names = append(m.names, key.Value)
		m.keys[key.Value] = at
		m.values[key.Value] = r.read(value, append(slices.Clip(path), key.Value), depth+1)
	}
	return m
}

// scalar is a value as YAML 1.2's core schema has it: dates are strings.
func scalar(y *yaml.Node) any {
	var v any
	switch y.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		var b bool
		if y.Decode(&b) == nil {
			return b
		}
	case "!!int":
		var i int64
		if y.Decode(&i) == nil {
			return i
		}
	case "!!float":
		var f float64
		if y.Decode(&f) == nil && f == f && f-f == 0 { // a number that JSON has
			return f
		}
	case "!!binary":
		if y.Decode(&v) == nil {
			if text, ok := v.(string); ok {
				return text
			}
		}
	}
	return y.Value
}

// plain is the value without places, for the schema and for decoding. An absent value
// ("tokens:" with nothing behind it) counts as not written.
func (n *node) plain() any {
	switch v := n.value.(type) {
	case []*node:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = item.plain()
		}
		return list
	case *mapping:
		m := make(map[string]any, len(v.names))
		for _, name := range v.names {
			if inner := v.values[name].plain(); inner != nil {
				m[name] = inner
			}
		}
		return m
	}
	return n.value
}

// find is the node at a path, or the last one on the way to it.
func (n *node) find(path []string) *node {
	for _, step := range path {
		next := n.child(step)
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

func (n *node) child(step string) *node {
	switch v := n.value.(type) {
	case *mapping:
		return v.values[step]
	case []*node:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(v) {
			return v[i]
		}
	}
	return nil
}

var (
	lineOf = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)
	quoted = regexp.MustCompile(`'[^']*'|"[^"]*"|` + "`[^`]*`")
)

// syntax adds what the parser says, without what it quotes from the file.
func (m *mistakes) syntax(err error) {
	text := err.Error()
	var at pos
	if found := lineOf.FindStringSubmatch(text); found[1] != "" {
		at.line, _ = strconv.Atoi(found[1])
		at.column = 1
	}
	text = lineOf.ReplaceAllString(text, "")
	if strings.HasPrefix(text, "unknown anchor") {
		text = "an alias (*) of something that has no anchor (&)"
	}
	m.add(at, "", quoted.ReplaceAllStringFunc(text, func(q string) string {
		if len(q) <= 3 { // a character of the syntax
			return q
		}
		return "…"
	}))
}
