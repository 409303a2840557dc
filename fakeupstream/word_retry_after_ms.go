package fakeupstream

import "errors"

func retryAfterMSWord() word {
	return word{
		name: "retry-after-ms",
		form: Form{
			Text:    "retry-after-ms=TEXT",
			Doc:     "The retry-after-ms header, in milliseconds, that OpenAI sends and SDKs prefer: any text, sent as it is.",
			Example: "key k0: 429 retry-after-ms=1500",
		},
		parse: func(a *Answer, v value) error {
			if v.text == "" {
				return errors.New("no value: want retry-after-ms=1500, or header=retry-after-ms: for an empty header")
			}
			a.RetryAfterMS = v.text
			return nil
		},
		print: func(a Answer) []string {
			if a.RetryAfterMS == "" {
				return nil
			}
			return []string{"retry-after-ms=" + quote(a.RetryAfterMS)}
		},
	}
}
