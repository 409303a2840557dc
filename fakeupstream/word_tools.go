package fakeupstream

import (
	"fmt"
	"strings"
)

func toolsWord() word {
	return word{
		name: "tools",
		form: Form{
			Text:    "tools=NAME,… or tools=none",
			Doc:     "The tools that the model calls, in order, with arguments that fit the schema in the request. Without it the first that the request offers, or the one that its tool_choice names, unless its last message is what a tool said.",
			Example: "key k0: 200 tools=get_weather,get_time",
		},
		parse: func(a *Answer, v value) error {
			a.Say.Tools = []string{}
			if v.text == "none" {
				return nil
			}
			for _, name := range strings.Split(v.text, ",") {
				if !isToolName(name) {
					return fmt.Errorf("%q cannot be a tool's name: want letters, digits, hyphens and underscores, as in tools=get_weather,get_time", name)
				}
				a.Say.Tools = append(a.Say.Tools, name)
			}
			return nil
		},
		print: func(a Answer) []string {
			switch {
			case a.Say.Tools == nil:
				return nil
			case len(a.Say.Tools) == 0:
				return []string{"tools=none"}
			default:
				return []string{"tools=" + strings.Join(a.Say.Tools, ",")}
			}
		},
	}
}
