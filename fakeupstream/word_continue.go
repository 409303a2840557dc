package fakeupstream

import "fmt"

func continueWord() word {
	return word{
		name: "continue",
		form: Form{
			Text:    "continue=ignored|never|refused",
			Doc:     "Of a request that expects 100-continue: the answer comes when the body does, without a 100 (ignored), nothing comes until the requester leaves (never), or the answer comes at once in place of the 100 (refused).",
			Example: "key k0: 417 continue=refused",
		},
		parse: func(a *Answer, v value) error {
			for c := ContinueIgnored; c <= ContinueRefused; c++ {
				if v.text == c.String() {
					a.Continue = c
					return nil
				}
			}
			return fmt.Errorf("unknown way %q: want continue=ignored, continue=never or continue=refused", v.text)
		},
		print: func(a Answer) []string {
			if a.Continue == 0 {
				return nil
			}
			return []string{"continue=" + a.Continue.String()}
		},
	}
}
