package fakeupstream

func messageWord() word {
	return word{
		name: "message",
		form: Form{
			Text:    `message="TEXT"`,
			Doc:     "The text of an error, in the vendor's own shape. Without it, the status's usual.",
			Example: `key k0: 429 message="Rate limit reached. Please try again in 644ms."`,
		},
		parse: func(a *Answer, v value) error {
			text, err := said("message", v)
			if err == nil {
				a.Message = *text
			}
			return err
		},
		print: func(a Answer) []string {
			if a.Message == "" {
				return nil
			}
			return []string{"message=" + quoteAlways(a.Message)}
		},
	}
}
