package config

import "strings"

// Override is a setting that a flag or an environment variable gives, in place of the
// file's.
type Override struct {
	// Path is the setting, "listen.proxy".
	Path string
	// Value is a string, or a []string for a list.
	Value any
	// Origin names who says so in mistakes, "--proxy or GATEDRILL_PROXY".
	Origin string
}

// apply puts the value into the tree of the file.
func (o Override) apply(root *node) {
	at := pos{origin: o.Origin}
	steps := strings.Split(o.Path, ".")
	for _, step := range steps[:len(steps)-1] {
		m, ok := root.value.(*mapping)
		if !ok {
			return // the schema says so
		}
		next := m.values[step]
		if next == nil || next.value == nil {
			next = &node{at, &mapping{keys: map[string]pos{}, values: map[string]*node{}}}
			m.set(step, at, next)
		}
		root = next
	}
	m, ok := root.value.(*mapping)
	if !ok {
		return
	}
	value := &node{pos: at, value: o.Value}
	if words, ok := o.Value.([]string); ok {
		items := []*node{}
		for _, w := range words {
			items = append(items, &node{at, w})
		}
		value.value = items
	}
	m.set(steps[len(steps)-1], at, value)
}

func (m *mapping) set(name string, at pos, value *node) {
	if _, there := m.values[name]; !there {
		m.names = append(m.names, name)
	}
	m.keys[name], m.values[name] = at, value
}
