package proxy

import (
	"net/http"
	"net/netip"
	"strings"
)

// isHopByHop reports whether a header concerns one connection only: RFC 9110 section
// 7.6.1, and those that RFC 2616 section 13.5.1 listed before.
func isHopByHop(name string) bool {
	switch name {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// credentialHeaders are the headers in which clients send keys: OpenAI's and
// Anthropic's, Azure OpenAI's, Gemini's.
var credentialHeaders = [...]string{"Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key"}

// stripNamed removes from h the headers that named, the values of a Connection header,
// declare to concern that connection only.
func stripNamed(h http.Header, named []string) {
	for _, value := range named {
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.TrimSpace(name); name != "" {
				h.Del(name)
			}
		}
	}
}

// stripHopByHop removes what concerns the connection that h came from.
func stripHopByHop(h http.Header) {
	stripNamed(h, h["Connection"])
	for name := range h {
		if isHopByHop(name) {
			delete(h, name)
		}
	}
}

// outbound is a client's header without what must not leave the gateway: hop-by-hop
// headers, everything meant for proxies, and gateway tokens. The values are shared with
// h: they are replaced, never written to.
func (s *Server) outbound(h http.Header, tunnelToken string) http.Header {
	out := make(http.Header, len(h)+outboundOwn)
	for name, values := range h {
		if !isHopByHop(name) && !isForProxies(name) {
			out[name] = values
		}
	}
	stripNamed(out, h["Connection"])
	s.stripTokens(out, tunnelToken)
	return out
}

// outboundOwn is how many headers the gateway mostly adds: three X-Forwarded, and the
// permission to replay. A larger hint would double the map.
const outboundOwn = 4

func isForProxies(name string) bool {
	return len(name) >= 6 && strings.EqualFold(name[:6], "Proxy-")
}

// stripTokens removes credentials that are the gateway's own, which clients send in
// place of a provider's.
func (s *Server) stripTokens(h http.Header, tunnelToken string) {
	for _, name := range credentialHeaders {
		values := h[name]
		if len(values) == 0 {
			continue
		}
		kept := make([]string, 0, len(values))
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
	own := new([3]string) // one piece of memory for all three
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err != nil {
		delete(out, "X-Forwarded-For")
	} else {
		own[0] = peer.Addr().Unmap().WithZone("").String()
		if chain := out["X-Forwarded-For"]; len(chain) > 0 {
			own[0] = strings.Join(chain, ", ") + ", " + own[0]
		}
		out["X-Forwarded-For"] = own[0:1:1]
	}
	own[1], own[2] = r.Host, "http"
	if r.TLS != nil {
		own[2] = "https"
	}
	out["X-Forwarded-Host"] = own[1:2:2]
	out["X-Forwarded-Proto"] = own[2:3:3]
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
