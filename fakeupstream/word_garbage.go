package fakeupstream

func garbageWord() word {
	return breakWord(BreakGarbage, "garbage after=POINT",
		"Bytes that nobody understands. After a byte or an event they are part of the body, and the answer goes on; elsewhere they stand in place of HTTP, and the connection ends.",
		"key k0: 200 garbage after=status")
}
