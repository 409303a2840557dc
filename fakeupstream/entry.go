package fakeupstream

import "net/http"

// entry is a request in the log. What costs more to make than a request has time for, when nobody may ever look at it,
// is made when somebody does: the maps of headers, and the body's hash.
type entry struct {
	Request             // without Header, BodyHash and AnswerHeader until told
	came    []cameField // what Header is made of
	read    *cameBody   // what Body and BodyHash are made of; nil: it was not read
	answer  fields      // what AnswerHeader is made of
	open    bool        // the answer goes on
}

// cameField are the lines of one name of a request's header.
type cameField struct {
	name  string
	lines []string
}

// cameFields copies a header. Lines are replaced by whoever changes a header later, and not written over.
func cameFields(h http.Header) []cameField {
	out := make([]cameField, 0, len(h))
	for name, lines := range h { // to be a map again: the order shows nowhere
		out = append(out, cameField{name, lines})
	}
	return out
}

// told completes the request, and returns it.
func (e *entry) told() Request {
	if e.Header == nil {
		h := make(http.Header, len(e.came))
		for _, f := range e.came {
			h[f.name] = f.lines
		}
		e.Header, e.came = h, nil
	}
	if e.read != nil && e.BodyHash == "" {
		e.BodyHash = e.read.hash()
	}
	if e.answer != nil && e.AnswerHeader == nil {
		e.AnswerHeader = e.answer.http()
	}
	return e.Request
}

// took writes down what was read of the request's body.
func (e *entry) took(b *cameBody) { e.read, e.Body = b, b.bytes }

// headed writes down the header that is sent; nil: none is after all.
func (e *entry) headed(f fields) { e.answer, e.AnswerHeader = f, nil }
