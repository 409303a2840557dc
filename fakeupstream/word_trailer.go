package fakeupstream

import (
	"fmt"
	"strings"
)

func trailerWord() word {
	return word{
		name:   "trailer",
		repeat: true,
		form: Form{
			Text:    "trailer=NAME:VALUE",
			Doc:     "One more line of the trailer section, quoted when it has blanks. The answer is chunked.",
			Example: "key k0: 200 trailer=X-Checksum:abc",
		},
		parse: func(a *Answer, v value) error {
			name, text, ok := strings.Cut(v.text, ":")
			if !ok {
				return fmt.Errorf("no colon in %q: want trailer=Name:value", v.text)
			}
			a.Trailer = append(a.Trailer, HeaderField{Name: name, Value: strings.Trim(text, blanks)})
			return nil
		},
		print: func(a Answer) []string {
			var out []string
			for _, f := range a.Trailer {
				out = append(out, "trailer="+quoteHeader(f))
			}
			return out
		},
	}
}
