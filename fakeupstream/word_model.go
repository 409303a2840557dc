package fakeupstream

import "errors"

func modelWord() word {
	return word{
		name: "model",
		form: Form{
			Text:    "model=NAME",
			Doc:     "The model that the answer names. Without it, the request's.",
			Example: "key k0: 200 model=gpt-4o-mini-2024-07-18",
		},
		parse: func(a *Answer, v value) error {
			if v.text == "" {
				return errors.New("no value: want a model's name, as in model=gpt-4o-mini")
			}
			a.Say.Model = v.text
			return nil
		},
		print: func(a Answer) []string {
			if a.Say.Model == "" {
				return nil
			}
			return []string{"model=" + quote(a.Say.Model)}
		},
	}
}
