package proxy

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/gatedrill/gatedrill/keypool"
)

const usageBaseURL = "This is an AI gateway in base-URL mode: set the base URL of a client to " +
	"http://HOST:PORT%s/PROVIDER, and its API key to a gateway token."

// ServeBaseURL accepts connections on l until Shutdown, and then returns
// http.ErrServerClosed. It serves clients that cannot use a proxy:
//
//	http://gateway<prefix>/<provider>/<path>
//
// with a gateway token in the header where the provider's own clients have their key:
// x-api-key or Authorization: Bearer for anthropic, Authorization: Bearer for openai,
// Authorization for copilot. Since the token is there, a client's own key cannot be: all
// credential headers are removed, those of other vendors included, and the request gets
// a key of the pool. A provider without keys, and copilot, can therefore be used this way
// only where no Tokens are configured: then nobody is asked, and what clients send as a
// credential is their own.
//
// Without a good token the answer is 401, the same whether a provider of that name
// exists or not; who has one is told with 404 that there is none, or that it is out of
// service. Everything below the path is the bridge's, as through a tunnel.
//
// AuthAny is refused, with an error that wraps ErrConfig: it would take every key for a
// token. For TLS pass a listener of crypto/tls, whose configuration must not offer h2.
// It may be called for several listeners, beside Serve; each is closed when its call
// returns.
func (s *Server) ServeBaseURL(l net.Listener) error {
	if s.cfg.Auth == AuthAny {
		_ = l.Close()
		return fmt.Errorf("%w: Auth: AuthAny: base-URL mode would take every key for a token", ErrConfig)
	}
	return s.serveOn(l, s.baseURL)
}

// serveBaseURL handles one request of base-URL mode. The snapshot is not looked at
// before the token, or the answer would tell who has one from who has not.
func (s *Server) serveBaseURL(w http.ResponseWriter, r *http.Request) {
	answer, rec := s.begin(w, r, r.Host, r.URL.Path)
	defer func() { s.logRequest(r, answer, rec) }()
	if !strings.HasPrefix(r.RequestURI, "/") {
		refuse(answer, http.StatusBadRequest, fmt.Sprintf(usageBaseURL, s.cfg.BridgePrefix))
		return
	}
	guess := guessVendor(r)
	if s.asksForTokens() && !s.hasToken(r.Header) {
		unauthorized(answer, r, guess, "a gateway token is required as the API key")
		return
	}
	p := &pinned{
		snapshot: s.Snapshot(),
		id:       rec.id,
		client:   clientOf(r),
		conn:     http.NewResponseController(w),
	}
	name, _, ok := s.splitBridgeTarget(r)
	var live *row
	if ok {
		live = p.snapshot.names.get(name)
	}
	if unavailable(answer, r, live) {
		return
	}
	rec.provider = live.Name
	out := r.WithContext(context.WithValue(r.Context(), pinnedKey{}, p))
	if s.asksForTokens() {
		if !s.hasTokenFor(live.vendor, r.Header) {
			unauthorized(answer, r, live.vendor, "the gateway token belongs in the header of this provider's API key")
			return
		}
		out.Header = r.Header.Clone()
		live.vendor.StripCredentials(out.Header)
	}
	rec.verdict = verdictBridged
	s.toBridge(answer, out, live, p)
}

func (s *Server) asksForTokens() bool { return len(s.tokens.digests) > 0 }

// hasToken reports whether any credential header carries a gateway token.
func (s *Server) hasToken(h http.Header) bool {
	for _, name := range credentialHeaders {
		for _, value := range h[name] {
			if s.carriesToken(value, "") {
				return true
			}
		}
	}
	return false
}

// hasTokenFor reports whether a gateway token is where the vendor's clients have their
// key.
func (s *Server) hasTokenFor(v keypool.Vendor, h http.Header) bool {
	for _, value := range h["Authorization"] {
		scheme, token, _ := strings.Cut(strings.Trim(value, " \t"), " ")
		bearer := strings.EqualFold(scheme, "Bearer")
		if bearer && s.tokens.has(strings.Trim(token, " \t")) || v == keypool.Copilot && s.carriesToken(value, "") {
			return true
		}
	}
	if v == keypool.Anthropic {
		for _, value := range h["X-Api-Key"] {
			if s.tokens.has(strings.Trim(value, " \t")) {
				return true
			}
		}
	}
	return false
}

// unauthorized answers 401 with the challenge that RFC 9110 section 15.5.2 demands.
func unauthorized(w http.ResponseWriter, r *http.Request, v keypool.Vendor, why string) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="gatedrill"`)
	failAs(w, r, v, http.StatusUnauthorized, why)
}

// guessVendor says in whose shape to answer where the provider is not known, or not to
// be known: by what the request itself tells of its client, and nothing else.
func guessVendor(r *http.Request) keypool.Vendor {
	h := r.Header
	if len(h["Anthropic-Version"]) > 0 || len(h["X-Api-Key"]) > 0 || strings.Contains(r.URL.Path, "/v1/messages") {
		return keypool.Anthropic
	}
	return keypool.OpenAI
}
