package config

import (
	"strings"

	"golang.org/x/net/http/httpguts"
)

// secret follows a reference to what it stands for; "" after a mistake.
func (r *resolver) secret(s Secret, path []string) string {
	kind, name, _ := strings.Cut(string(s), ":")
	value := string(s)
	switch {
	case s == "" || !s.IsReference():
	case name == "":
		r.add(path, "write env:NAME or file:PATH")
		return ""
	case kind == "env":
		found, ok := r.lookup(name)
		if !ok || found == "" {
			r.add(path, "the environment variable "+shownVariable(name)+" is not set, or empty")
			return ""
		}
		value = found
	default:
		text, why := r.read(name)
		if why != "" {
			r.add(path, why)
			return ""
		}
		if value = strings.TrimSpace(string(text)); value == "" {
			r.add(path, "the file is empty")
			return ""
		}
	}
	if !httpguts.ValidHeaderFieldValue(value) || strings.TrimSpace(value) != value {
		r.add(path, "it has characters that no header can carry, or more than one line")
		return ""
	}
	return value
}

// shownVariable is a variable's name, as long as it looks like one: a key that stands
// where a name should does not.
func shownVariable(name string) string {
	if name == strings.ToUpper(name) && len(name) <= 64 && !strings.ContainsAny(name, "- ") {
		return name
	}
	return "(whose name is not in capitals, and not shown)"
}

// secrets follows each reference of a list. Equal ones are mistakes.
func (r *resolver) secrets(list []Secret, path []string) (values []string) {
	for i, s := range list {
		at := append(path[:len(path):len(path)], index(i))
		if value := r.secret(s, at); value != "" {
			values = append(values, value)
		}
	}
	return values
}
