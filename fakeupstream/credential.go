package fakeupstream

import (
	"net/http"
	"strings"
)

// credential returns the secret that a vendor would see in a request, and the header that carries it. The vendor's
// own headers count first and the other vendors' after them, so that a key that was sent in a wrong header is
// still seen. Of several lines of one name the first counts.
func credential(d dialect, h http.Header) (header, secret string) {
	if header, secret = credentialIn(d, h); header != "" {
		return header, secret
	}
	for _, other := range dialects() {
		if header, secret = credentialIn(other, h); header != "" {
			return header, secret
		}
	}
	return "", ""
}

func credentialIn(d dialect, h http.Header) (header, secret string) {
	for _, name := range d.credentialHeaders() {
		if secret := secretIn(name, h.Get(name)); secret != "" {
			return name, secret
		}
	}
	return "", ""
}

// secretIn takes the secret out of a header's value. An Authorization of another scheme than Bearer is a
// credential that no alias has: its whole value.
func secretIn(name, value string) string {
	value = strings.Trim(value, blanks)
	if name != "Authorization" {
		return value
	}
	scheme, rest, _ := strings.Cut(value, " ")
	if strings.EqualFold(scheme, "Bearer") { // schemes are case-insensitive: RFC 9110, section 11.1
		return strings.Trim(rest, blanks)
	}
	return value
}

// knownSecret is whose a secret is, and what may be shown of it.
type knownSecret struct{ alias, hint string }

// attributeLocked returns the alias of a request, the header that told it, and what may be shown of the secret.
func (u *Upstream) attributeLocked(d dialect, h http.Header) (alias, header, hint string) {
	header, secret := credential(d, h)
	if header == "" {
		return KeyNone, "", ""
	}
	if known, ok := u.aliases[secret]; ok {
		return known.alias, header, known.hint
	}
	return KeyUnknown, header, hintOf(secret)
}
