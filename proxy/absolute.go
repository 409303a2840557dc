package proxy

import (
	"net/http"
	"net/url"
	"strings"
)

// serveAbsolute handles a request for an absolute http:// URL (RFC 9112 section 3.2.2)
// by the rules of CONNECT: authority, token, port, then the bridge when a provider has
// the host, else whatever holds for raw tunnels.
//
// The Host header of such a request is ignored, as that section demands and as net/http
// does: the URL alone says which host is meant, to the gateway and to the upstream.
func (s *Server) serveAbsolute(w http.ResponseWriter, r *http.Request) {
	port := "80"
	if r.URL.Scheme == "https" {
		port = "443"
	}
	target, err := parseAbsolute(r.RequestURI, port)
	answer, rec := s.begin(w, r, target.dial, r.URL.Path)
	defer func() { s.logRequest(r, answer, rec) }()
	switch {
	case r.URL.Scheme == "https":
		refuse(answer, http.StatusBadRequest, usageTLS)
		return
	case r.URL.Scheme != "http":
		refuse(answer, http.StatusBadRequest, usage)
		return
	case err != nil:
		refuse(answer, http.StatusBadRequest, "Bad Request: the URL has to be http://host/path or http://host:port/path")
		return
	}
	token, ok := s.admit(answer, r, target)
	if !ok {
		return
	}
	p := &pinned{
		snapshot: s.Snapshot(),
		id:       rec.id,
		client:   clientOf(r),
		proxied:  token,
		conn:     http.NewResponseController(w),
	}
	switch live := p.snapshot.hosts.get(target.host); {
	case live != nil:
		rec.provider, rec.verdict = live.Name, verdictBridged
		s.bridged(answer, r, live, p)
	case s.cfg.Tunnel == TunnelDeny:
		refuse(answer, http.StatusForbidden, "Forbidden: no provider has this host")
	default:
		rec.verdict = verdictForward
		s.forwardAbsolute(answer, r, target, p)
	}
}

// parseAbsolute reads the authority of an absolute URL as strictly as CONNECT's, from
// the request line itself: net/url unescapes hosts and takes user information apart.
// Without a port it is the given one, the scheme's.
func parseAbsolute(requestURI, port string) (authority, error) {
	_, rest, _ := strings.Cut(requestURI, "://")
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		rest = rest[:i]
	}
	if !strings.Contains(rest[strings.LastIndexByte(rest, ']')+1:], ":") {
		rest += ":" + port
	}
	return parseAuthority(rest)
}

// forwardAbsolute sends a request to a host of no provider, as the client sent it: it
// gets no key and no X-Forwarded headers, and loses only what concerns this gateway.
func (s *Server) forwardAbsolute(w http.ResponseWriter, r *http.Request, target authority, p *pinned) {
	u := &url.URL{Scheme: "http", Host: strings.ToLower(target.dial), RawQuery: r.URL.RawQuery, ForceQuery: r.URL.ForceQuery}
	path := targetPath(r)
	if r.Method == http.MethodOptions && r.URL.Path == "" && r.URL.RawQuery == "" && !r.URL.ForceQuery {
		path = "*" // it is about the server as a whole: RFC 9112 section 3.2.4
	}
	if err := setPath(u, path); err != nil {
		refuse(w, http.StatusBadRequest, "Bad Request: the path does not parse")
		return
	}
	header := s.outbound(r.Header, p.token())
	for _, name := range credentialHeaders {
		if header.Get(name) != "" {
			w.Header().Set(HeaderCredential, credentialOwn)
		}
	}
	silenceUserAgent(header)
	allowReplay(header)
	out := newRequest(r, u, header)
	out.Host = r.Host
	s.exchange(w, r, out, exchange{
		via:      s.outside,
		pinned:   p,
		verbatim: true,
		replay:   readAhead,
		fail: func(status int, why string) {
			refuse(w, status, http.StatusText(status)+": "+why)
		},
	})
}
