package fakeupstream

import "fmt"

func cachedWord() word {
	return word{
		name: "cached",
		form: Form{
			Text:    "cached=N",
			Doc:     "How many of the input tokens came from the vendor's cache: OpenAI counts them among the input, Anthropic beside it. Without it, none.",
			Example: "key k0: 200 tokens=1200/80 cached=1000",
		},
		parse: func(a *Answer, v value) (err error) {
			a.Say.Cached, err = count("cached", v.text)
			return err
		},
		print: func(a Answer) []string {
			if a.Say.Cached == 0 {
				return nil
			}
			return []string{fmt.Sprintf("cached=%d", a.Say.Cached)}
		},
	}
}
