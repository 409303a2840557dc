package fakeupstream

import (
	"fmt"
	"strconv"
)

func timesWord() word {
	return word{
		name: "times",
		form: Form{
			Text:    "times=N",
			Doc:     "The answer is given N times, and has to be asked for N times.",
			Example: "key k1: 200 times=2, then 401",
		},
		parse: func(a *Answer, v value) (err error) {
			a.Times, err = count("times", v.text)
			return err
		},
		print: func(a Answer) []string {
			if a.Times == 0 {
				return nil
			}
			return []string{fmt.Sprintf("times=%d", a.Times)}
		},
	}
}

// count reads a whole number of 1 and more.
func count(name, text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || text[0] == '+' {
		return 0, fmt.Errorf("bad count %q: want a whole number from 1 on, as in %s=2", text, name)
	}
	return n, nil
}
