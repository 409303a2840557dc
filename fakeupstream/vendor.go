package fakeupstream

import (
	"iter"
	"net/http"
)

// Vendor is whose wire shape an upstream speaks.
type Vendor string

const (
	// Auto decides by each request: Anthropic when the path has a segment "messages" or when x-api-key or
	// anthropic-version is there, Azure when the path has /openai/deployments/ or api-key is there, else OpenAI.
	Auto      Vendor = ""
	OpenAI    Vendor = "openai"
	Anthropic Vendor = "anthropic"
)

// Vendors returns every vendor that can be spoken, in a fixed order.
func Vendors() []Vendor {
	var out []Vendor
	for _, d := range dialects() {
		out = append(out, d.vendor())
	}
	return out
}

// dialect is the wire shape of one vendor. To add a vendor: a file with its Vendor constant and its dialect, as
// azure.go is, and its name in dialects.
type dialect interface {
	vendor() Vendor
	// speaks tells whether a request whose vendor nobody declared is this one's.
	speaks(r *http.Request) bool
	// credentialHeaders are the headers that carry a key, in canonical form, the one that the vendor prefers first.
	credentialHeaders() []string
	// header returns the fields that every answer of the vendor has.
	header(x *exchange) []HeaderField
	// body returns the body of an answer that is no stream.
	body(x *exchange) []byte
	// streams tells whether the endpoint streams when it is asked to.
	streams(x *exchange) bool
	// failure returns the event by which a stream tells that it fails after so many events.
	failure(x *exchange, before int) []byte
	// events returns a whole stream, for an endpoint that does not stream the vendor's main one.
	events(x *exchange) iter.Seq[event]
	// turn returns what the model says where the endpoint streams or is made to.
	turn(x *exchange) turn
	// refuse tells how the vendor refuses a request, as far as that shows in the request; nil: it does not.
	refuse(x *exchange) *refusal
}

// dialects returns every vendor's dialect.
func dialects() []dialect { return []dialect{openai{}, anthropic{}, azure{}} }

func dialectOf(v Vendor) (dialect, bool) {
	for _, d := range dialects() {
		if d.vendor() == v {
			return d, true
		}
	}
	return nil, false
}

// dialectFor returns the declared dialect, or for Auto the one that the request is written in.
func dialectFor(v Vendor, r *http.Request) dialect {
	if d, ok := dialectOf(v); ok {
		return d
	}
	for _, d := range dialects() {
		if d.speaks(r) {
			return d
		}
	}
	return openai{}
}
