package fakeupstream

import "fmt"

func finishWord() word {
	return word{
		name: "finish",
		form: Form{
			Text:    "finish=stop|length|tools|filter|failed",
			Doc:     "Why the model stopped, in the vendor's own word. A response of OpenAI's Responses API can fail (failed), and ends with response.failed; elsewhere that is stop. Without it stop, or tools when it calls any.",
			Example: "key k0: 200 finish=length",
		},
		parse: func(a *Answer, v value) error {
			for f := FinishStop; f <= FinishFailed; f++ {
				if v.text == f.String() {
					a.Say.Finish = f
					return nil
				}
			}
			return fmt.Errorf("unknown reason %q: want finish=stop, length, tools, filter or failed", v.text)
		},
		print: func(a Answer) []string {
			if a.Say.Finish == 0 {
				return nil
			}
			return []string{"finish=" + a.Say.Finish.String()}
		},
	}
}
