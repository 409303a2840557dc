package fakeupstream

func truncateWord() word {
	return breakWord(BreakTruncate, "truncate after=POINT",
		"The connection ends in good order before the answer does: shorter than its Content-Length, or without its last chunk.",
		"key k0: 200 truncate after=byte:20")
}
