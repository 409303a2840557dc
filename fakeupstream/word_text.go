package fakeupstream

import "fmt"

func textWord() word {
	return word{
		name: "text",
		form: Form{
			Text:    `text="TEXT"`,
			Doc:     `What the model says, in the vendor's own shape. Without it "1 2 3 ", or a call of a tool that the request offers. A stream sends a word at a time, or in as many events as events= says.`,
			Example: `key k0: 200 text="Hello there"`,
		},
		parse: func(a *Answer, v value) error {
			text, err := said("text", v)
			a.Say.Text = text
			return err
		},
		print: func(a Answer) []string {
			if a.Say.Text == nil {
				return nil
			}
			return []string{"text=" + quoteAlways(*a.Say.Text)}
		},
	}
}

// said reads a text that has to stand in quotes.
func said(word string, v value) (*string, error) {
	if !v.quoted {
		return nil, fmt.Errorf("bare text %q: want %s=%q", v.text, word, v.text)
	}
	return &v.text, nil
}
