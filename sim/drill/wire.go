package drill

import "time"

// Wire is how a request goes on the wire. The zero value is as usual: HTTP/1.1, and the body at once, with its length.
type Wire struct {
	HTTP    HTTP          // zero: 1.1
	Framing Framing       // zero: by length
	Trailer []Header      // fields behind the body, which is chunked then
	Expect  Expect        // zero: the body is sent unasked
	Every   time.Duration // between one tenth of the body and the next; 0: the body goes out at once
	Stops   Stops         // zero: the request is sent to its end
	Filler  Size          // bytes that a header line more has; 0: there is none
}

// Chunked reports whether the body goes out in chunks (RFC 9112, section 7.1).
func (w Wire) Chunked() bool { return w.Framing == FramingChunked || len(w.Trailer) > 0 }

// HTTP is a version of the protocol.
type HTTP string

// HTTP10 knows no chunks, and one request on a connection unless both ends say otherwise (RFC 9112, appendix C.2).
const HTTP10 HTTP = "1.0"

// Framing is how the end of a body can be told.
type Framing string

// FramingChunked is for a body whose length nobody knows when it begins.
const FramingChunked Framing = "chunked"

// Expect is what a client waits for before it sends its body.
type Expect string

// ExpectContinue waits for an interim answer of 100, a second at most (RFC 9110, section 10.1.1).
const ExpectContinue Expect = "continue"

// Stops is where a client falls silent, for as long as it waits for an answer.
type Stops string

const (
	StopsInHead Stops = "head" // half of the head is out
	StopsInBody Stops = "body" // half of the body is out
)

// maxFiller bounds header-size=SIZE: a header is kept in memory, several times over.
const maxFiller Size = 64 << 20

// wireOptions are the words that shape how a request goes on the wire.
func wireOptions() []option[Wire] {
	return []option[Wire]{
		{
			name:  "http",
			form:  Form{"http=1.0", "The version in the request line; otherwise 1.1."},
			read:  func(l *Line, w Word, v *Wire) { v.HTTP = oneOf(l, w, HTTP10) },
			write: func(v Wire) []string { return optional(v.HTTP) },
		},
		{
			name:  "framing",
			form:  Form{"framing=chunked", "The body goes out in chunks, without its length."},
			read:  func(l *Line, w Word, v *Wire) { v.Framing = oneOf(l, w, FramingChunked) },
			write: func(v Wire) []string { return optional(v.Framing) },
		},
		trailerOption(),
		{
			name:  "expect",
			form:  Form{"expect=continue", "The client sends its body when it is told to, with an answer of 100, or after a second; a final answer spares it the body."},
			read:  func(l *Line, w Word, v *Wire) { v.Expect = oneOf(l, w, ExpectContinue) },
			write: func(v Wire) []string { return optional(v.Expect) },
		},
		everyOption(),
		{
			name:  "stops",
			form:  Form{"stops=head|body", "The client sends half of its head, or its head and half of its body, and falls silent."},
			read:  func(l *Line, w Word, v *Wire) { v.Stops = oneOf(l, w, StopsInHead, StopsInBody) },
			write: func(v Wire) []string { return optional(v.Stops) },
		},
		fillerOption(),
	}
}

func trailerOption() option[Wire] {
	o := headerOption("One field behind the body, which goes out in chunks; it may be written several times.", func(v *Wire) *[]Header { return &v.Trailer })
	o.name, o.form.Text = "trailer", "trailer=\"NAME: VALUE\""
	return o
}

func everyOption() option[Wire] {
	return option[Wire]{
		name: "every",
		form: Form{"every=DURATION", "The body goes out in ten pieces, so far apart, whatever is answered meanwhile."},
		read: func(l *Line, w Word, v *Wire) {
			by, err := parseDuration(w.Text)
			if err != nil {
				l.mistakef(w.Value, "%v", err)
			}
			v.Every = by
		},
		write: func(v Wire) []string {
			if v.Every == 0 {
				return nil
			}
			return []string{formatDuration(v.Every)}
		},
	}
}

func fillerOption() option[Wire] {
	return option[Wire]{
		name: "header-size",
		form: Form{"header-size=SIZE", "One more header line, with a value of so many bytes."},
		read: func(l *Line, w Word, v *Wire) {
			size, err := parseSize(w.Text)
			switch {
			case err != nil:
				l.mistakef(w.Value, "%v", err)
			case size > maxFiller || size == 0:
				l.mistakef(w.Value, "size %q: want from 1B to %v", w.Text, maxFiller)
			}
			v.Filler = size
		},
		write: func(v Wire) []string {
			if v.Filler == 0 {
				return nil
			}
			return []string{v.Filler.String()}
		},
	}
}
