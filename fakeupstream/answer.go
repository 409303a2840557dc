package fakeupstream

import "time"

// Answer is one answer of a script. Only Status is required; what is left out is the vendor's usual.
type Answer struct {
	// Status is the final status, 200 to 599.
	Status int
	// Limit answers 200 as long as it lasts, and refuses otherwise: "limit rpm=60". It has a count of its own for each
	// key. Nil: the answer is given to every request that comes to it.
	Limit *Limit
	// Times is how often the answer is given. 0: once in a sequence, for ever when it is the rule's only answer.
	Times int
	// Delay is the pause between the request's end and the answer's status line. 0: none.
	Delay time.Duration
	// RetryAfter is the Retry-After header. The zero value: none is sent.
	RetryAfter RetryAfter
	// RetryAfterMS is the retry-after-ms header, verbatim. "": none is sent.
	RetryAfterMS string
	// Code is the provider's error code: OpenAI's error.code, Anthropic's error.type. "": the status's usual.
	Code string
	// Message is the text of an error, in the vendor's shape. "": the status's usual, which names the wait that
	// Retry-After asks for where the vendor's does.
	Message string
	// Type is OpenAI's error.type. "": the status's usual. Anthropic's is Code.
	Type string
	// Say is what the model says. The zero value: what the request lets it say.
	Say Say
	// Strict refuses a request that the vendor would refuse, as the vendor does and in place of this answer: one
	// without a credential, to an endpoint that is not there, of the wrong method, that is no JSON, lacks what it must
	// have, or names a model that is not among Config.Models. False: whatever comes is answered.
	Strict bool
	// Header has extra header fields, in order. The first one of a name replaces what the vendor would send
	// under it; RetryAfter and RetryAfterMS are kept, so that contradicting lines can be written.
	Header []HeaderField
	// Body is sent as it is. Nil: the vendor's usual body; empty but not nil: an empty body.
	Body []byte
	// BodyFile is the name behind body=@name. Rule.Resolve fills Body from it.
	BodyFile string
	// Stream makes a 200 a stream of server-sent events whatever the request asked for. Nil: a stream only when
	// the request's JSON body has "stream": true and the endpoint can stream.
	Stream *Stream
	// Breaks are what happens to the answer on its way out, wherever on the wire comes first; at one point in this
	// order. None: it arrives whole.
	Breaks []Break
	// Slow is how many bytes of the body are sent in a second. 0: as fast as they are read.
	Slow int
	// Length is the Content-Length that is announced, whatever the body has. Nil: the true one.
	Length *int
	// Duplicate is the number of the content event that is sent twice. 0: none is.
	Duplicate int
	// Gzip compresses the body, whether or not the request allows for it.
	Gzip bool
	// HTTP10 answers as HTTP/1.0 does: no chunks, no Content-Length, the connection's end is the body's.
	HTTP10 bool
	// Trailer are the fields of the trailer section (RFC 9112, section 7.1.2), in order. An answer that has one is
	// chunked. None: the section is empty.
	Trailer []HeaderField
	// EarlyHints sends a 103 (RFC 8297) before the answer.
	EarlyHints bool
	// Early answers before the request's body was read. 0: when it was.
	Early Early
	// Continue is what becomes of a request that expects 100-continue (RFC 9110, section 10.1.1). 0: it is told to
	// go on.
	Continue Continue
}

// HeaderField is one header line of an answer.
type HeaderField struct{ Name, Value string }

// Stream shapes a stream of server-sent events. What it counts are content events: the deltas between the
// vendor's opening and closing events, so that a drill holds for every vendor. Every event is flushed.
type Stream struct {
	// Events is the number of content events. 0: 3, or with a Body what the body has.
	Events int
	// Every is the pause between one content event and the next. 0: none.
	Every time.Duration
}

// RetryAfter is the value of a Retry-After header (RFC 9110, section 10.2.3), which need not be a sound one.
type RetryAfter struct {
	Form   RetryAfterForm
	Text   string        // FormText: the value, verbatim
	Offset time.Duration // date forms: how far the date lies after the answer's instant, negative for the past
}

// RetryAfterForm says how a RetryAfter is written. The dates are the three forms of RFC 9110, section 5.6.7, in
// whole seconds, rounded down.
type RetryAfterForm int

const (
	FormAbsent  RetryAfterForm = iota // no header
	FormText                          // any text: "5", "1.5", "garbage"
	FormIMF                           // Sun, 06 Nov 1994 08:49:37 GMT
	FormRFC850                        // Sunday, 06-Nov-94 08:49:37 GMT
	FormAsctime                       // Sun Nov  6 08:49:37 1994
)

// RetryAfterText is a Retry-After of exactly this text.
func RetryAfterText(text string) RetryAfter { return RetryAfter{Form: FormText, Text: text} }

// RetryAfterDate is a Retry-After that is the date at offset from the answer's instant.
func RetryAfterDate(offset time.Duration, form RetryAfterForm) RetryAfter {
	return RetryAfter{Form: form, Offset: offset}
}
