package fakeupstream

import (
	"fmt"
	"strings"
)

func duplicateWord() word {
	return word{
		name: "duplicate",
		form: Form{
			Text:    "duplicate=event:N",
			Doc:     "Content event N is sent twice.",
			Example: "key k0: 200 stream duplicate=event:2",
		},
		parse: func(a *Answer, v value) (err error) {
			number, ok := strings.CutPrefix(v.text, "event:")
			if a.Duplicate, err = count("duplicate", number); err != nil || !ok {
				return fmt.Errorf("bad event %q: want the event that is sent twice, as in duplicate=event:2", v.text)
			}
			return nil
		},
		print: func(a Answer) []string {
			if a.Duplicate == 0 {
				return nil
			}
			return []string{fmt.Sprintf("duplicate=event:%d", a.Duplicate)}
		},
	}
}
