package fakeupstream

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"
)

// Aliases that are not anybody's: what Request.Key reads when no known secret came, and what a rule may ask for.
const (
	KeyNone    = "none"    // the request carried no credential
	KeyUnknown = "unknown" // it carried one that no alias has
	KeyAny     = "any"     // in a rule only: every request
)

// Request is one request as the upstream saw it, and how it was answered.
type Request struct {
	Seq       int         // position in order of arrival, from 1
	At        time.Time   // when its header arrived, by the upstream's clock
	Method    string      // as sent
	Path      string      // as sent, escapes included, without the query
	RawQuery  string      // as sent, without the question mark
	Host      string      // the Host header
	Proto     string      // such as "HTTP/1.1"
	Key       string      // alias of the credential, KeyNone or KeyUnknown
	KeyHeader string      // canonical name of the header that carried it, "" without one
	KeyHint   string      // its last four characters, as "…WXYZ"; "…" of a short one, "" without one
	Header    http.Header // a copy of what came; it holds secrets, so it is for checks and never for printing
	Body      []byte      // all of it; what came before the cut when the request was cut off
	BodyHash  string      // SHA-256 of Body, lower-case hexadecimal

	Answered     time.Time   // when the answer was decided, by the upstream's clock; zero: there is none, or none yet
	Status       int         // what was answered; 0: nothing, or nothing yet
	Rule         string      // the rule that answered, as text; "" when none did
	AnswerHeader http.Header // a copy of the header that was sent, except what net/http adds for framing; nil: none

	Broken     bool     // the rule breaks the answer on its way, or holds it: only OnEnd tells what came of it
	Broke      string   // what was played of that: "reset after event 4"; "" when nothing was, and for a hold
	Left       bool     // the requester left before the answer was whole
	Unread     bool     // the answer was given before the body was read, so that Body is not what was sent
	Events     int      // content events that were sent
	ErrorCodes []string // error.code and error.type of the JSON body that was sent, those that it has
}

func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
