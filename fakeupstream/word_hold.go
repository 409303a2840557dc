package fakeupstream

func holdWord() word {
	return breakWord(BreakHold, "hold at=POINT",
		"The answer waits there until it is released, and then goes on. One that is still held at the end fails the drill. The connection ends with the answer.",
		"key k0: 200 stream hold at=event:2")
}
