package fakeupstream

func closeWord() word {
	return breakWord(BreakClose, "close after=POINT",
		"The connection ends without the end of the answer, nor the end of TLS.",
		"key k0: 200 stream close after=event:2")
}
