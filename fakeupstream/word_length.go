package fakeupstream

import (
	"fmt"
	"strconv"
)

func lengthWord() word {
	return word{
		name: "length",
		form: Form{
			Text:    "length=N",
			Doc:     "The Content-Length that is announced, too long or too short for the body, which is sent whole.",
			Example: "key k0: 200 length=100000",
		},
		parse: func(a *Answer, v value) error {
			n, err := strconv.Atoi(v.text)
			if err != nil || n < 0 || v.text[0] == '+' {
				return fmt.Errorf("bad length %q: want a number of bytes, as in length=10", v.text)
			}
			a.Length = &n
			return nil
		},
		print: func(a Answer) []string {
			if a.Length == nil {
				return nil
			}
			return []string{fmt.Sprintf("length=%d", *a.Length)}
		},
	}
}
