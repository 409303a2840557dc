package fakeupstream

func earlyHintsWord() word {
	return flagWord("early-hints", "An interim answer, 103 with a link, comes before the answer.", "key k0: 200 early-hints",
		func(a *Answer) *bool { return &a.EarlyHints })
}
