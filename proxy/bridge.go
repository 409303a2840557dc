package proxy

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/gatedrill/gatedrill/keypool"
)

// buildBridge makes the bridge, and the way to another process's when one is given.
func (s *Server) buildBridge() {
	s.bridge = http.HandlerFunc(s.serveBridge)
	if wrap := s.cfg.WrapBridge; wrap != nil {
		s.bridge = wrap(s.bridge)
	}
	if s.cfg.BridgeURL != "" {
		s.remote = newRemoteBridge(s)
	}
}

// serveBridge sends <prefix>/<provider>/<path> to the provider's upstream. Inside a
// tunnel the provider is that of the request's snapshot, else that of the live one.
func (s *Server) serveBridge(w http.ResponseWriter, r *http.Request) {
	p, inside := r.Context().Value(pinnedKey{}).(*pinned)
	if !inside {
		p = &pinned{snapshot: s.Snapshot(), id: s.stamp(w), conn: http.NewResponseController(w)}
	}
	name, rest, ok := s.splitBridgeTarget(r)
	var provider *row
	if ok {
		provider = p.snapshot.names.get(name)
	}
	if !unavailable(w, r, provider) {
		s.toProvider(w, r, provider, rest, p)
	}
}

// toProvider sends a request to the upstream of a provider that serves, at the escaped
// path rest beneath its base URL.
func (s *Server) toProvider(w http.ResponseWriter, r *http.Request, provider *row, rest string, p *pinned) {
	out, err := s.bridgeRequest(r, provider, rest, p)
	if err != nil {
		s.log.Warn("bridge", "id", p.id, "provider", provider.Name, "error", err)
		failAs(w, r, provider.vendor, http.StatusBadGateway, "invalid provider base URL")
		return
	}
	credential := provider.credential(out.Header)
	w.Header().Set(HeaderCredential, credential)
	if credential == credentialOwn && s.cfg.OwnKeys == OwnKeysDeny {
		failAs(w, r, provider.vendor, http.StatusForbidden, "this gateway does not accept provider keys of clients")
		return
	}
	transport, _ := s.open(provider.via)
	s.exchange(w, r, out, exchange{
		via:    transport,
		pinned: p,
		replay: s.cfg.MaxReplayBytes,
		fail:   func(status int, why string) { failAs(w, r, provider.vendor, status, why) },
	})
}

// unavailable answers for a provider that does not serve, and reports whether it did.
func unavailable(w http.ResponseWriter, r *http.Request, provider *row) bool {
	switch {
	case provider == nil:
		failAs(w, r, guessVendor(r), http.StatusNotFound, "no such provider")
	case provider.Status == StatusEnabled:
		return false
	case provider.badBase:
		failAs(w, r, provider.vendor, http.StatusBadGateway, "invalid provider base URL")
	default:
		failAs(w, r, provider.vendor, http.StatusNotFound, "this provider is out of service")
	}
	return true
}

// bridgeRequest is the request as the provider's upstream gets it, but for the key.
func (s *Server) bridgeRequest(r *http.Request, provider *row, rest string, p *pinned) (*http.Request, error) {
	path, err := joinBase(provider.base, rest)
	if err != nil {
		return nil, err
	}
	// User information in the base URL is left out: net/http would make an
	// Authorization header of it.
	u := &url.URL{
		Scheme:     provider.base.Scheme,
		Host:       provider.base.Host,
		RawQuery:   r.URL.RawQuery,
		ForceQuery: r.URL.ForceQuery,
	}
	if err := setPath(u, path); err != nil {
		return nil, err
	}
	header := s.outbound(r.Header, p.token())
	forwardedBy(header, r)
	if header.Get("User-Agent") == "" {
		header.Set("User-Agent", s.cfg.UserAgent)
	}
	delete(header, "Expect") // it is us who say continue
	allowReplay(header)
	provider.stripForeign(header)
	return newRequest(r, u, header), nil
}

// newRequest is the request to u, with the client's method. Its body, its trailers and its
// context are set by exchange.
func newRequest(r *http.Request, u *url.URL, header http.Header) *http.Request {
	return &http.Request{
		Method:     r.Method,
		URL:        u,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     header,
	}
}

// token is the one that the request's way was opened with, or empty.
func (p *pinned) token() string {
	if p.tunnel == nil {
		return p.proxied
	}
	return p.tunnel.token
}

// credential says whose credential the upstream will see.
func (r *row) credential(h http.Header) string {
	switch {
	case r.vendor.HasCredential(h):
		return credentialOwn
	case r.pool != nil && r.vendor != keypool.Copilot:
		return credentialCentral
	default:
		return credentialNone
	}
}

// stripForeign removes the credentials of other vendors, which the key pool does for
// providers that have one.
func (r *row) stripForeign(h http.Header) {
	for _, name := range credentialHeaders[1:] {
		if name != "X-Api-Key" || r.vendor != keypool.Anthropic {
			delete(h, name)
		}
	}
}

// failAs answers in the vendor's own error shape, where its SDK looks for it.
func failAs(w http.ResponseWriter, r *http.Request, v keypool.Vendor, status int, message string) {
	body := v.ErrorBody(status, message)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}
