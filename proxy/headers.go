package proxy

import (
	"net/http"
	"net/netip"
	"strings"
)

// hopByHop are the headers that concern one connection only: RFC 9110 section 7.6.1,
// and those that RFC 2616 section 13.5.1 listed before.
var hopByHop = [...]string{
	"Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// credentialHeaders are the headers in which clients send keys: OpenAI's and
// Anthropic's, Azure OpenAI's, Gemini's.
var credentialHeaders = [...]string{"Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key"}

// stripHopByHop removes what concerns the connection it came from, the headers that
// Connection names included.
func stripHopByHop(h http.Header) {
	for _, value := range h["Connection"] {
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.TrimSpace(name); name != "" {
				h.Del(name)
			}
		}
	}
	for _, name := range hopByHop {
		delete(h, name)
	}
}

// outbound is a copy of a client's header without what must not leave the gateway:
// hop-by-hop headers, everything meant for proxies, and gateway tokens.
func (s *Server) outbound(h http.Header, tunnelToken string) http.Header {
	out := h.Clone()
	if out == nil {
		out = http.Header{}
	}
	stripHopByHop(out)
	for name := range out {
		if len(name) >= 6 && strings.EqualFold(name[:6], "Proxy-") {
			delete(out, name)
		}
	}
	s.stripTokens(out, tunnelToken)
	return out
}

// stripTokens removes credentials that are the gateway's own, which clients send in
// place of a provider's.
func (s *Server) stripTokens(h http.Header, tunnelToken string) {
	for _, name := range credentialHeaders {
		values := h[name]
		if len(values) == 0 {
			continue
		}
		kept := values[:0]
		for _, value := range values {
			if !s.carriesToken(value, tunnelToken) {
				kept = append(kept, value)
			}
		}
		if len(kept) == 0 {
			delete(h, name)
		} else {
			h[name] = kept
		}
	}
}

// carriesToken looks for a gateway token in a credential header's value: alone, after
// a scheme, or as the password of Basic credentials.
func (s *Server) carriesToken(value, tunnelToken string) bool {
	value = strings.Trim(value, " \t")
	if s.isGatewayToken(value, tunnelToken) {
		return true
	}
	if _, credential, ok := strings.Cut(value, " "); ok &&
		s.isGatewayToken(strings.Trim(credential, " \t"), tunnelToken) {
		return true
	}
	password, ok := basicPassword(value)
	return ok && s.isGatewayToken(password, tunnelToken)
}

// forwardedBy sets the X-Forwarded headers of a request that the gateway answers for.
// A peer that is no address and port voids the whole chain: it would claim that the
// request came from the last hop before us.
func forwardedBy(out http.Header, r *http.Request) {
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err != nil {
		delete(out, "X-Forwarded-For")
	} else {
		chain := append(out["X-Forwarded-For"], peer.Addr().Unmap().WithZone("").String())
		out["X-Forwarded-For"] = []string{strings.Join(chain, ", ")}
	}
	out.Set("X-Forwarded-Host", r.Host)
	if r.TLS != nil {
		out.Set("X-Forwarded-Proto", "https")
	} else {
		out.Set("X-Forwarded-Proto", "http")
	}
}

// silenceUserAgent keeps net/http from adding a User-Agent of its own.
func silenceUserAgent(out http.Header) {
	if _, ok := out["User-Agent"]; !ok {
		out["User-Agent"] = nil
	}
}

// allowReplay lets net/http start over on a new connection when an idle one turns out
// to be dead: it does so only for requests that say they may be repeated, and an
// Idempotency-Key without a value says so without being sent. It replays nothing of
// which a byte of the answer was seen.
func allowReplay(out http.Header) {
	if _, ok := out["Idempotency-Key"]; !ok {
		out["Idempotency-Key"] = []string{}
	}
}
