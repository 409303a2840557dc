package fakeupstream

// limitForms are the forms of limits, for help texts.
func limitForms() []Form {
	return []Form{{
		Text: "limit rps=N rpm=N burst=N tpm=N itpm=N otpm=N concurrent=N",
		Doc: "Token buckets that fill evenly, and 429 when one is dry: requests a second and a minute, with burst= how many at once; tokens a minute, " +
			"of requests (itpm, a quarter of the body's bytes), of answers (otpm), and as the vendor counts them together (tpm: OpenAI takes the larger of max_tokens and the input at once). " +
			"concurrent= is how many may be under way. The vendor's rate limit headers tell on every answer what is left. " +
			"It stands in a line of its own, and then comes before the rules of keys, or in the place of an answer, which is 200 as long as it lasts.",
		Example: "key k0: limit rpm=60 burst=10 tpm=10000",
	}, {
		Text: "limit … org=NAME keys=NAME,NAME by=key|address path=PATH model=NAME",
		Doc: "Whom a line is about: these keys, or else every known one, each with a count of its own, or one for all keys of an organisation, or one for each address. " +
			"A request has to pass every line, and one that is refused costs nothing. These options, and the next two, are those of a quota too.",
		Example: "limit org=acme keys=k0,k1 rpm=60",
	}, {
		Text: "limit … retry-after=seconds|decimals|ms|both|imf|rfc850|asctime|none|TEXT",
		Doc: "How a refusal says how long to wait, rounded up so that it is true; a number, or a text in quotes, is sent as it is, true or not. " +
			"Seconds, unless something else is said.",
		Example: "limit rpm=60 retry-after=ms",
	}, {
		Text:    "limit … message=TEXT",
		Doc:     "The text in a refusal's body, with {wait} for the wait. Without it, the vendor's own.",
		Example: `limit rpm=60 message="Please try again in {wait}."`,
	}, {
		Text: "quota day=N day-tokens=N requests=N tokens=N",
		Doc: "Requests and tokens until midnight UTC, and then 429; or in all, and then the account has to be paid for: OpenAI's insufficient_quota, Anthropic's 402. " +
			"Whom it is about is said as for a limit.",
		Example: "quota keys=k0 day=1000",
	}, {
		Text: "window STATUS from=DURATION to=DURATION",
		Doc: "Every request between two instants, counted from the script's beginning, gets this error. keys=, path= and model= make it about some of them only, " +
			"and retry-after=seconds tells when it ends.",
		Example: "window 529 from=10s to=20s",
	}, {
		Text:    "revoked keys=NAME,NAME at=DURATION",
		Doc:     "From this instant on, counted from the script's beginning, these keys are refused with 401.",
		Example: "revoked keys=k0 at=30s",
	}}
}
