package fakeupstream

func strictWord() word {
	return word{
		name: "strict",
		bare: true,
		form: Form{
			Text:    "strict",
			Doc:     "A request that the vendor would refuse is refused, in the vendor's words: no credential, an unknown endpoint, a wrong method, no JSON, a member that is missing, an unknown model. Without it, whatever comes is answered.",
			Example: "key any: 200 strict",
		},
		parse: func(a *Answer, _ value) error {
			a.Strict = true
			return nil
		},
		print: func(a Answer) []string {
			if !a.Strict {
				return nil
			}
			return []string{"strict"}
		},
	}
}
