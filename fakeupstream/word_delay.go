package fakeupstream

import "fmt"

func delayWord() word {
	return word{
		name: "delay",
		form: Form{
			Text:    "delay=DURATION",
			Doc:     "The answer begins this long after the request has arrived, as a model that thinks does. Dates in it count from then.",
			Example: "key k0: 200 delay=20s",
		},
		parse: func(a *Answer, v value) (err error) {
			a.Delay, err = duration(v.text)
			if err == nil && a.Delay == 0 {
				err = fmt.Errorf("bad duration %q: want more than nothing, as in delay=2s", v.text)
			}
			return err
		},
		print: func(a Answer) []string {
			if a.Delay == 0 {
				return nil
			}
			return []string{"delay=" + durationText(a.Delay)}
		},
	}
}
