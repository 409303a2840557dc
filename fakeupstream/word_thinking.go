package fakeupstream

func thinkingWord() word {
	return word{
		name: "thinking",
		form: Form{
			Text:    `thinking="TEXT"`,
			Doc:     `What the model thinks before it speaks: a signed block at Anthropic, a reasoning item in OpenAI's Responses API, reasoning tokens in a chat completion. Without it, only where the request asks for it; thinking="" never.`,
			Example: `key k0: 200 thinking="Let me see." text="Yes"`,
		},
		parse: func(a *Answer, v value) error {
			text, err := said("thinking", v)
			a.Say.Thinking = text
			return err
		},
		print: func(a Answer) []string {
			if a.Say.Thinking == nil {
				return nil
			}
			return []string{"thinking=" + quoteAlways(*a.Say.Thinking)}
		},
	}
}
