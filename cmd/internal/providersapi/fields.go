package providersapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Bounds of what a provider may have, in bytes and in keys.
const (
	maxName = 128
	maxURL  = 2048
	maxKey  = 4096
	maxKeys = 1000
)

// fields are what a body says; nil is what it does not.
type fields struct {
	name, kind, baseURL *string
	disabled            *bool
	keys                *[]string // a pointer to nil: null, no keys of the gateway's
	key                 *string
	position            *int // from 1
}

// form says which members a body has.
type form struct {
	known, required []string
	// merge: null takes a member back to its default (RFC 7396).
	merge bool
}

var (
	providerForm = form{
		known:    []string{"name", "type", "base_url", "disabled", "keys", "position"},
		required: []string{"name", "type", "base_url"},
	}
	replaceForm = form{known: providerForm.known, required: []string{"type", "base_url"}}
	patchForm   = form{known: providerForm.known, merge: true}
	keyForm     = form{known: []string{"key", "position"}, required: []string{"key"}}
)

// reading collects the mistakes of a body.
type reading struct {
	fields
	form
	mistakes []mistake
}

func (r *reading) wrong(detail string, tokens ...string) {
	r.mistakes = append(r.mistakes, mistake{pointer(tokens...), detail})
}

// read makes fields of members, or reports every mistake.
func (f form) read(members []member) (fields, error) {
	r := reading{form: f}
	seen := map[string]bool{}
	for _, m := range members {
		switch {
		case !has(f.known, m.name):
			r.unknown(m.name)
		case seen[m.name]:
			r.wrong("is there twice", m.name)
		default:
			r.member(m)
		}
		seen[m.name] = true
	}
	for _, name := range f.required {
		if !seen[name] {
			r.wrong("is required", name)
		}
	}
	if r.mistakes != nil {
		return fields{}, wrong(r.mistakes)
	}
	return r.fields, nil
}

// longestShown is the length of what may be quoted of a body.
const longestShown = 24

// unknown reports a member by its name, unless that may be a key in the wrong place: one
// is longer than any name that is meant, or has digits.
func (r *reading) unknown(name string) {
	known := "; there are " + strings.Join(r.known, ", ")
	if len(name) > longestShown || strings.ContainsAny(name, "0123456789") {
		r.wrong("has an unknown member, whose name is not shown" + known)
		return
	}
	r.wrong("is unknown"+known, name)
}

func has(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

func (r *reading) member(m member) {
	switch m.name {
	case "name":
		r.fields.name = r.text(m, checkName)
	case "type":
		r.kind = r.text(m, func(string) string { return "" }) // judged with the row
	case "base_url":
		r.baseURL = r.text(m, checkURL)
	case "key":
		r.key = r.text(m, checkKey)
	case "disabled":
		r.disabled = r.flag(m)
	case "position":
		r.position = r.place(m)
	case "keys":
		r.keys = r.list(m)
	}
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

// text reads a string that check finds nothing wrong with.
func (r *reading) text(m member, check func(string) string, at ...string) *string {
	at = append([]string{m.name}, at...)
	var s string
	if isNull(m.value) || json.Unmarshal(m.value, &s) != nil {
		r.wrong("is no string", at...)
		return nil
	}
	// The decoder puts U+FFFD where half of a surrogate pair is missing.
	if why := check(s); why != "" {
		r.wrong(why, at...)
	} else if strings.ContainsRune(s, unicode.ReplacementChar) {
		r.wrong("has half a character", at...)
	}
	return &s
}

func (r *reading) flag(m member) *bool {
	var b bool
	if isNull(m.value) && r.merge {
		return &b
	}
	if isNull(m.value) || json.Unmarshal(m.value, &b) != nil {
		r.wrong("is neither true nor false", m.name)
	}
	return &b
}

func (r *reading) place(m member) *int {
	n, err := strconv.Atoi(string(m.value))
	if err != nil || n < 1 {
		r.wrong("is a place in the order, a whole number from 1", m.name)
	}
	return &n
}

func (r *reading) list(m member) *[]string {
	if isNull(m.value) {
		return new([]string)
	}
	var raw []json.RawMessage
	if !bytes.HasPrefix(m.value, []byte("[")) || json.Unmarshal(m.value, &raw) != nil {
		r.wrong("is neither a list of strings nor null", m.name)
		return nil
	}
	if len(raw) > maxKeys {
		r.wrong(fmt.Sprintf("has more than %d keys", maxKeys), m.name)
		return nil
	}
	keys := make([]string, len(raw))
	for i, value := range raw {
		if key := r.text(member{m.name, value}, checkKey, strconv.Itoa(i)); key != nil {
			keys[i] = *key
		}
	}
	return &keys
}

// checkName says what keeps a name out of a path and a line of the log.
func checkName(s string) string {
	switch {
	case s == "":
		return "is empty"
	case len(s) > maxName:
		return fmt.Sprintf("has more than %d bytes", maxName)
	case s == "." || s == "..":
		return "cannot stand in a path"
	case s != strings.TrimSpace(s):
		return "begins or ends with a space"
	case strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }):
		return "has a character that does not print"
	}
	return ""
}

// checkURL says what a base URL may not have though the gateway would route it: it is
// shown to administrators, and a query is never sent. What it says quotes nothing.
func checkURL(s string) string {
	switch {
	case len(s) > maxURL:
		return fmt.Sprintf("has more than %d bytes", maxURL)
	case strings.Contains(s, "@"):
		return "may not have a user or a password (@); in a path, write %40"
	case strings.ContainsAny(s, "?#"):
		return "may not have a query or a fragment"
	}
	return ""
}

// checkKey says why a string is no API key: those are visible ASCII, or no header takes
// them. It never quotes any of it.
func checkKey(s string) string {
	switch {
	case s == "":
		return "is empty"
	case len(s) > maxKey:
		return fmt.Sprintf("has more than %d bytes", maxKey)
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return fmt.Sprintf("has a space or another character at byte %d that no API key has", i)
		}
	}
	return ""
}
