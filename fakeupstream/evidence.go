package fakeupstream

import (
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Sighting is a request together with the earlier times that the very same one came.
type Sighting struct {
	Request
	// Attempt is how often it came, this time included: 1 for the first.
	Attempt int
	// Before are the earlier times, in order of arrival.
	Before []Try
}

// Try is one earlier time that a request came.
type Try struct {
	Seq    int       // position in order of arrival, from 1
	At     time.Time // when its header arrived
	Key    string    // alias, KeyNone or KeyUnknown
	Status int       // what was answered; 0: nothing, or nothing yet
}

// DefaultIDHeaders are the headers by which a request is known again when Config.IDHeaders is nil, the first that is
// there: what the official SDKs and common proxies send unchanged with every attempt.
func DefaultIDHeaders() []string {
	return []string{"Idempotency-Key", "X-Client-Request-Id", "X-Request-Id"}
}

// Sightings returns the log as Requests does, and of each request the times that the very same one had come before:
// with the same value in the first of Config.IDHeaders that it has, or without any of them with the same method,
// path, query and body.
func (u *Upstream) Sightings() []Sighting {
	return SightingsOf(u.Requests(), u.cfg.IDHeaders)
}

// SightingsOf is Sightings for requests from anywhere, such as those of several upstreams in order of time. Nil
// headers: DefaultIDHeaders; empty and not nil: requests are known by what they are.
func SightingsOf(requests []Request, headers []string) []Sighting {
	if headers == nil {
		headers = DefaultIDHeaders()
	}
	before := map[string][]Try{}
	out := make([]Sighting, len(requests))
	for i, r := range requests {
		id := identity(r, headers)
		out[i] = Sighting{Request: r, Attempt: len(before[id]) + 1, Before: slices.Clone(before[id])}
		before[id] = append(before[id], Try{Seq: r.Seq, At: r.At, Key: r.Key, Status: r.Status})
	}
	return out
}

// identity is equal for two requests that are the very same one.
func identity(r Request, headers []string) string {
	for _, name := range headers {
		if v := r.Header.Get(name); v != "" {
			return "header\x00" + http.CanonicalHeaderKey(name) + "\x00" + v
		}
	}
	return strings.Join([]string{"content", r.Method, r.Path, r.RawQuery, r.BodyHash}, "\x00")
}

// hintLength is how many characters a secret must have to show its last four: of a shorter one they would be too
// large a part.
const hintLength = 20

// hintOf is what may be shown of a secret.
func hintOf(secret string) string {
	if utf8.RuneCountInString(secret) < hintLength {
		return "…"
	}
	runes := []rune(secret[max(0, len(secret)-4*utf8.UTFMax):])
	return "…" + string(runes[len(runes)-4:])
}

// Target is the path and the query, as sent but for keys in the query, which some vendors have there: of them it has
// what KeyHint would have.
func (r Request) Target() string {
	if r.RawQuery == "" {
		return r.Path
	}
	parts := strings.Split(r.RawQuery, "&")
	for i, part := range parts {
		name, value, _ := strings.Cut(part, "=")
		switch strings.ToLower(name) {
		case "key", "api_key", "api-key", "apikey", "access_token", "token":
			parts[i] = name + "=" + hintOf(value)
		}
	}
	return r.Path + "?" + strings.Join(parts, "&")
}
