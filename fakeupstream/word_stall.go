package fakeupstream

func stallWord() word {
	return breakWord(BreakStall, "stall after=POINT for=DURATION",
		"The answer says nothing for that long, or without for= until the requester leaves, and then goes on.",
		"key k0: 200 stream stall after=event:1 for=30s")
}
