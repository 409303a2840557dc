package fakeupstream

import "fmt"

func httpWord() word {
	return word{
		name: "http",
		form: Form{
			Text:    "http=1.0",
			Doc:     "The answer is one of HTTP/1.0: no chunks and no Content-Length, the connection's end is the body's.",
			Example: "key k0: 200 http=1.0",
		},
		parse: func(a *Answer, v value) error {
			if v.text != "1.0" {
				return fmt.Errorf("unknown version %q: want http=1.0", v.text)
			}
			a.HTTP10 = true
			return nil
		},
		print: func(a Answer) []string {
			if !a.HTTP10 {
				return nil
			}
			return []string{"http=1.0"}
		},
	}
}
