package fakeupstream

func gzipWord() word {
	return flagWord("gzip", "The body is compressed with gzip, whether or not the request allows for it.", "key k0: 200 gzip",
		func(a *Answer) *bool { return &a.Gzip })
}

// flagWord is a bare word that says all by being there.
func flagWord(name, doc, example string, field func(*Answer) *bool) word {
	return word{
		name: name,
		bare: true,
		form: Form{Text: name, Doc: doc, Example: example},
		parse: func(a *Answer, _ value) error {
			*field(a) = true
			return nil
		},
		print: func(a Answer) []string {
			if !*field(&a) {
				return nil
			}
			return []string{name}
		},
	}
}
