package fakeupstream

import (
	"fmt"
	"strconv"
	"strings"
)

// drips is how many writes a second a slow answer has at most.
const drips = 100

func slowWord() word {
	return word{
		name: "slow",
		bare: true,
		form: Form{
			Text:    "slow rate=NB/s",
			Doc:     "The body drips, so many bytes in a second.",
			Example: "key k0: 200 slow rate=10B/s",
		},
		parse: func(a *Answer, _ value) error {
			a.Slow = -1 // until rate= comes
			return nil
		},
		print: func(a Answer) []string {
			if a.Slow == 0 {
				return nil
			}
			return []string{fmt.Sprintf("slow rate=%dB/s", a.Slow)}
		},
	}
}

func rateWord() word {
	return word{
		name:    "rate",
		clauses: []string{"slow"},
		form: Form{
			Text:    "rate=NB/s",
			Doc:     "How many bytes a second a slow body has.",
			Example: "key k0: 200 stream slow rate=100B/s",
		},
		parse: func(a *Answer, v value) error {
			number, ok := strings.CutSuffix(v.text, "B/s")
			n, err := strconv.Atoi(number)
			if !ok || err != nil || n < 1 || number[0] == '+' {
				return fmt.Errorf("bad rate %q: want bytes a second, as in rate=10B/s", v.text)
			}
			a.Slow = n
			return nil
		},
	}
}
