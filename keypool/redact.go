package keypool

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// errNoAnswer is an inner transport that breaks the contract of RoundTripper.
var errNoAnswer = errors.New("neither an answer nor an error from the transport")

// attemptError is the failure of an attempt, free of keys.
type attemptError struct {
	text    string
	cause   error
	visible error // cause, or nil when its text has a key in it
}

// redact wraps a transport's error so that no secret is in its text. errors.Is
// and Timeout see the cause either way; errors.As and Unwrap do only when no error
// in the chain has a secret in its own text.
func redact(what string, cause error, secrets []string) error {
	e := &attemptError{cause: cause, visible: cause}
	if mentions(cause, secrets) {
		e.visible = nil
	}
	e.text = scrub("keypool: attempt "+what+": "+cause.Error(), secrets)
	return e
}

func (e *attemptError) Error() string        { return e.text }
func (e *attemptError) GoString() string     { return e.text }
func (e *attemptError) Unwrap() error        { return e.visible }
func (e *attemptError) Is(target error) bool { return errors.Is(e.cause, target) }

// Timeout reports whether the cause is a timeout, as net.Error does.
func (e *attemptError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.cause, &t) && t.Timeout()
}

// Temporary completes net.Error, and says what the cause says.
func (e *attemptError) Temporary() bool {
	var t interface{ Temporary() bool }
	return errors.As(e.cause, &t) && t.Temporary()
}

// mentions reports whether any error in the tree below err has a secret in its
// text: an outer error may hide what an inner one tells.
func mentions(err error, secrets []string) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	if slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(text, s) }) {
		return true
	}
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		return mentions(u.Unwrap(), secrets)
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(u.Unwrap(), func(e error) bool { return mentions(e, secrets) })
	}
	return false
}

// scrub replaces every secret in text, the longest first, since one may be part of
// another.
func scrub(text string, secrets []string) string {
	for _, s := range secrets {
		text = strings.ReplaceAll(text, s, "[redacted]")
	}
	if slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(text, s) }) {
		return "keypool: attempt failed" // a secret that is a word of the text itself
	}
	return text
}

// secrets returns the pool's keys in every spelling that an error could have.
func (p *Pool) secrets() []string {
	keys := make([]string, len(p.slots))
	for i := range p.slots {
		keys[i] = p.slots[i].key.Secret()
	}
	return spellings(keys)
}

// credentials returns the credentials of a request that brings its own, likewise.
func credentials(h http.Header) []string {
	var keys []string
	for name, values := range h {
		if !isCredential(name) {
			continue
		}
		for _, value := range values {
			_, token := splitAuthorization(value)
			keys = append(keys, trim(value), token)
		}
	}
	return spellings(keys)
}

// spellings adds to each key how it looks quoted and in a URL, and sorts the
// result by falling length.
func spellings(keys []string) []string {
	var all []string
	for _, key := range keys {
		quoted := strconv.Quote(key)
		all = append(all, key, quoted[1:len(quoted)-1], url.QueryEscape(key), url.PathEscape(key))
	}
	all = slices.DeleteFunc(all, func(s string) bool { return s == "" })
	slices.SortFunc(all, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	return slices.Compact(all)
}
