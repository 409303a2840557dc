package keypool

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// ErrUnknownVendor says that a vendor's name is not one of those known here.
var ErrUnknownVendor = errors.New("keypool: unknown vendor")

// Vendor is whose wire format a provider speaks: which header carries the key, and
// what an error looks like.
type Vendor int

// The vendors. A Copilot key never comes from a pool.
const (
	OpenAI Vendor = iota
	Anthropic
	Copilot
)

// String returns the vendor's name in lower case: "openai", "anthropic", "copilot".
func (v Vendor) String() string {
	switch v {
	case OpenAI:
		return "openai"
	case Anthropic:
		return "anthropic"
	case Copilot:
		return "copilot"
	default:
		return "Vendor(" + strconv.Itoa(int(v)) + ")"
	}
}

// ParseVendor is the inverse of Vendor.String. Its error wraps ErrUnknownVendor.
func ParseVendor(s string) (Vendor, error) {
	for _, v := range [...]Vendor{OpenAI, Anthropic, Copilot} {
		if s == v.String() {
			return v, nil
		}
	}
	return 0, fmt.Errorf("%w %q: it is one of openai, anthropic, copilot", ErrUnknownVendor, s)
}

// The headers that carry a credential, of any vendor known: OpenAI and Anthropic,
// Azure OpenAI, Gemini.
const (
	authorization = "Authorization"
	xAPIKey       = "X-Api-Key"
	apiKey        = "Api-Key"
	xGoogAPIKey   = "X-Goog-Api-Key"
)

// HasCredential reports whether h carries a credential of the vendor's: x-api-key
// or a Bearer token for Anthropic, Authorization for the others. An empty value, or
// Bearer without a token, is none.
func (v Vendor) HasCredential(h http.Header) bool {
	for _, value := range h[authorization] {
		scheme, token := splitAuthorization(value)
		bearer := strings.EqualFold(scheme, "Bearer")
		if bearer && token != "" || v != Anthropic && !bearer && scheme != "" {
			return true
		}
	}
	if v != Anthropic {
		return false
	}
	for _, value := range h[xAPIKey] {
		if trim(value) != "" {
			return true
		}
	}
	return false
}

// Inject puts the pool's key into h, in the header where the vendor wants it, and
// removes every other credential. It does nothing to the header of a Copilot request.
func (v Vendor) Inject(h http.Header, secret string) {
	switch v {
	case OpenAI:
		v.StripCredentials(h)
		h[authorization] = []string{"Bearer " + secret}
	case Anthropic:
		v.StripCredentials(h)
		h[xAPIKey] = []string{secret}
	}
}

// StripCredentials removes every header that carries a credential, of any vendor,
// however its name is spelled.
func (v Vendor) StripCredentials(h http.Header) {
	for name := range h {
		if isCredential(name) {
			delete(h, name)
		}
	}
}

// foreign reports whether the header of that name carries a credential of another
// vendor than v.
func (v Vendor) foreign(name string) bool {
	if !isCredential(name) || strings.EqualFold(name, authorization) {
		return false
	}
	return v != Anthropic || !strings.EqualFold(name, xAPIKey)
}

// isCredential compares lengths first: it is asked about every header of every
// attempt.
func isCredential(name string) bool {
	switch len(name) {
	case len(authorization):
		return strings.EqualFold(name, authorization)
	case len(xAPIKey):
		return strings.EqualFold(name, xAPIKey)
	case len(apiKey):
		return strings.EqualFold(name, apiKey)
	case len(xGoogAPIKey):
		return strings.EqualFold(name, xGoogAPIKey)
	default:
		return false
	}
}

func splitAuthorization(value string) (scheme, token string) {
	scheme, token, _ = strings.Cut(trim(value), " ")
	return scheme, trim(token)
}
