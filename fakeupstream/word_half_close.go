package fakeupstream

func halfCloseWord() word {
	return breakWord(BreakHalfClose, "half-close after=POINT",
		"The upstream ends its direction in good order, without the end of the answer, and goes on reading until the requester leaves.",
		"key k0: 200 stream half-close after=event:2")
}
