package fakeupstream

import "errors"

func typeWord() word {
	return word{
		name: "type",
		form: Form{
			Text:    "type=NAME",
			Doc:     "OpenAI's error.type in the body of an error: requests, tokens. Anthropic's is code=.",
			Example: "key k0: 429 type=tokens",
		},
		parse: func(a *Answer, v value) error {
			if v.text == "" {
				return errors.New("no value: want a provider's error type, as in type=tokens")
			}
			a.Type = v.text
			return nil
		},
		print: func(a Answer) []string {
			if a.Type == "" {
				return nil
			}
			return []string{"type=" + quote(a.Type)}
		},
	}
}
