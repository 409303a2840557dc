package fakeupstream

import "errors"

func codeWord() word {
	return word{
		name: "code",
		form: Form{
			Text:    "code=NAME",
			Doc:     "The provider's error code in the body of an error: OpenAI's error.code (insufficient_quota), Anthropic's error.type (billing_error).",
			Example: "key k0: 429 code=insufficient_quota",
		},
		parse: func(a *Answer, v value) error {
			if v.text == "" {
				return errors.New("no value: want a provider's error code, as in code=insufficient_quota")
			}
			a.Code = v.text
			return nil
		},
		print: func(a Answer) []string {
			if a.Code == "" {
				return nil
			}
			return []string{"code=" + quote(a.Code)}
		},
	}
}
