package fakeupstream

func errorWord() word {
	return breakWord(BreakError, "error after=event:N",
		"The vendor's own error event, in place of the rest of the stream. Its code is the one of code=.",
		"key k0: 200 stream error after=event:2")
}
