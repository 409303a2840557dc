package fakeupstream

import (
	"fmt"
	"strings"
)

func headerWord() word {
	return word{
		name:   "header",
		repeat: true,
		form: Form{
			Text:    "header=NAME:VALUE",
			Doc:     "One more header line, quoted when it has blanks. The first of a name replaces what the vendor sends under it; retry-after= and retry-after-ms= are kept beside it.",
			Example: `key k0: 429 retry-after=5 header=X-Should-Retry:true`,
		},
		parse: func(a *Answer, v value) error {
			name, text, ok := strings.Cut(v.text, ":")
			if !ok {
				return fmt.Errorf(`no colon in %q: want header=Name:value or header="Name: two words"`, v.text)
			}
			a.Header = append(a.Header, HeaderField{Name: name, Value: strings.Trim(text, blanks)})
			return nil
		},
		print: func(a Answer) []string {
			out := make([]string, len(a.Header))
			for i, f := range a.Header {
				out[i] = "header=" + quoteHeader(f)
			}
			return out
		},
	}
}

// quoteHeader writes a field without a blank when it needs no quotes, and with one, as people do, when it does.
func quoteHeader(f HeaderField) string {
	if bare := f.Name + ":" + f.Value; isBare(bare) {
		return bare
	}
	return quoteAlways(f.Name + ": " + f.Value)
}

// isToken tells whether s can be a header's name (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		digit := c >= '0' && c <= '9'
		if !letter && !digit && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// isFieldValue tells whether s reaches the other side as it is (RFC 9110, section 5.5): no control characters, and
// no blanks at its ends, which receivers strip.
func isFieldValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return strings.Trim(s, blanks) == s
}
