package fakeupstream

import "fmt"

func earlyWord() word {
	return word{
		name: "early",
		form: Form{
			Text:    "early=read|stop|close",
			Doc:     "The answer comes before the request's body was read. Of that, all is read and dropped (read), or nothing for half a minute and then the connection ends (stop), or the connection ends with the answer (close).",
			Example: "key k0: 413 early=close",
		},
		parse: func(a *Answer, v value) error {
			for e := EarlyRead; e <= EarlyClose; e++ {
				if v.text == e.String() {
					a.Early = e
					return nil
				}
			}
			return fmt.Errorf("unknown way %q: want early=read, early=stop or early=close", v.text)
		},
		print: func(a Answer) []string {
			if a.Early == 0 {
				return nil
			}
			return []string{"early=" + a.Early.String()}
		},
	}
}
