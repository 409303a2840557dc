package fakeupstream

func resetWord() word {
	return breakWord(BreakReset, "reset after=POINT",
		"The connection is torn down, as by a process that was killed: the requester reads a connection reset.",
		"key k0: 200 stream events=10 reset after=event:4")
}
