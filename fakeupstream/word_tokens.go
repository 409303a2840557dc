package fakeupstream

import (
	"fmt"
	"strconv"
	"strings"
)

func tokensWord() word {
	return word{
		name: "tokens",
		form: Form{
			Text:    "tokens=IN/OUT",
			Doc:     "The numbers in the answer's usage: input tokens, those from a cache among them, and output tokens, those of thoughts among them. Without it a token for four bytes of what was asked, and one for each content event.",
			Example: "key k0: 200 tokens=1200/80",
		},
		parse: func(a *Answer, v value) error {
			in, out, ok := strings.Cut(v.text, "/")
			input, errIn := strconv.Atoi(in)
			output, errOut := strconv.Atoi(out)
			if !ok || errIn != nil || errOut != nil {
				return fmt.Errorf("bad tokens %q: want two numbers, as in tokens=1200/80", v.text)
			}
			a.Say.Tokens = &Tokens{input, output}
			return nil
		},
		print: func(a Answer) []string {
			if a.Say.Tokens == nil {
				return nil
			}
			return []string{"tokens=" + a.Say.Tokens.String()}
		},
	}
}
