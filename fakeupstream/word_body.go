package fakeupstream

import (
	"fmt"
	"strings"
)

func bodyWord() word {
	return word{
		name: "body",
		form: Form{
			Text:    `body="TEXT" or body=@FILE`,
			Doc:     "The answer's bytes, in place of the vendor's own body: a text quoted as in Go, or what the named file holds. A body of server-sent events is flushed event by event.",
			Example: `key k0: 200 body="{}"`,
		},
		parse: func(a *Answer, v value) error {
			file, isFile := strings.CutPrefix(v.text, "@")
			switch {
			case v.quoted:
				a.Body = append([]byte{}, v.text...)
			case isFile && file != "":
				a.BodyFile = file
			case isFile:
				return fmt.Errorf("no name after body=@: want body=@answer.json")
			default:
				return fmt.Errorf("bare body %q: want body=%q for the text or body=@%s for the file", v.text, v.text, v.text)
			}
			return nil
		},
		print: func(a Answer) []string {
			switch {
			case a.BodyFile != "":
				return []string{"body=@" + a.BodyFile}
			case a.Body != nil:
				return []string{"body=" + quoteAlways(string(a.Body))}
			default:
				return nil
			}
		},
	}
}
