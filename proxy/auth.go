package proxy

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"
)

// tokenSet is the configured gateway tokens. It keeps digests, so that every
// comparison takes the same time whatever the lengths.
type tokenSet struct {
	digests [][sha256.Size]byte
}

func newTokenSet(tokens []string) *tokenSet {
	set := &tokenSet{}
	for _, token := range tokens {
		set.digests = append(set.digests, sha256.Sum256([]byte(token)))
	}
	return set
}

// has reports whether token is one of the set, in a time that tells neither which
// nor how much of it was right.
func (s *tokenSet) has(token string) bool {
	digest := sha256.Sum256([]byte(token))
	found := 0
	for i := range s.digests {
		found |= subtle.ConstantTimeCompare(s.digests[i][:], digest[:])
	}
	return found == 1
}

// sameToken is has for a single token.
func sameToken(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// authenticate decides whether a CONNECT passes, and returns its token. The token is
// also taken where none is asked for: it is the tunnel's, and must not go upstream.
func (s *Server) authenticate(h http.Header) (token string, ok bool) {
	token, wellFormed := proxyToken(h)
	switch {
	case s.cfg.Auth == AuthAny:
		return token, wellFormed
	case len(s.tokens.digests) == 0:
		return token, true
	default:
		return token, wellFormed && s.tokens.has(token)
	}
}

// proxyToken reads the token from Proxy-Authorization: the password of Basic
// credentials (RFC 7617), whatever the user. It is not ok when the header is missing,
// given twice, malformed, or the token is empty.
func proxyToken(h http.Header) (token string, ok bool) {
	values := h["Proxy-Authorization"]
	if len(values) != 1 {
		return "", false
	}
	token, ok = basicPassword(values[0])
	return token, ok && token != ""
}

// basicPassword returns what follows the first colon of Basic credentials. RFC 7617
// section 2 forbids control characters in either part; a user cannot have a colon.
func basicPassword(value string) (password string, ok bool) {
	scheme, encoded, found := strings.Cut(strings.Trim(value, " \t"), " ")
	if !found || !strings.EqualFold(scheme, "Basic") {
		return "", false
	}
	decoded, err := base64.StdEncoding.Strict().DecodeString(strings.TrimLeft(encoded, " "))
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return "", false
	}
	for _, c := range decoded {
		if c < 0x20 || c == 0x7f {
			return "", false
		}
	}
	_, password, found = strings.Cut(string(decoded), ":")
	return password, found
}

// isGatewayToken reports whether a credential is a gateway's and not a provider's:
// one of the configured tokens, or the one that opened the tunnel.
func (s *Server) isGatewayToken(credential, tunnelToken string) bool {
	if credential == "" {
		return false
	}
	return s.tokens.has(credential) || tunnelToken != "" && sameToken(credential, tunnelToken)
}
