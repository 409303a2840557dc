package fakeupstream

import "fmt"

const pointDoc = "status (before the status line), headers (in the middle of them), byte:N (N bytes of the body are sent), event:N (N content events are), chunk or chunk:N (in the middle of a chunk's size) or trailer (before it)."

func afterWord() word {
	return pointWord("after", "after=POINT", "Where it happens: "+pointDoc, "key k0: 200 reset after=byte:117")
}

func atWord() word {
	return pointWord("at", "at=POINT", "Where the answer is held: "+pointDoc, "key k0: 200 hold at=headers")
}

func pointWord(name, text, doc, example string) word {
	return word{
		name:    name,
		clauses: breakWords(name),
		form:    Form{Text: text, Doc: doc, Example: example},
		parse: func(a *Answer, v value) (err error) {
			a.Breaks[len(a.Breaks)-1].At, err = parsePoint(v.text)
			return err
		},
	}
}

func forWord() word {
	return word{
		name:    "for",
		clauses: []string{"stall"},
		form: Form{
			Text:    "for=DURATION",
			Doc:     "How long the stall lasts. Without it, until the requester leaves.",
			Example: "key k0: 200 stall after=headers for=1m30s",
		},
		parse: func(a *Answer, v value) error {
			d, err := duration(v.text)
			if err == nil && d == 0 {
				err = fmt.Errorf("bad duration %q: want more than nothing, as in for=30s", v.text)
			}
			a.Breaks[len(a.Breaks)-1].For = d
			return err
		},
	}
}
