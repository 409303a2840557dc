package proxy

import (
	"net"
	"net/http"
	"net/url"
	"strconv"
)

// passThrough serves a tunnel that outlived its route: the request goes to the host
// that the client dialled, as the client sent it. It gets no key, no base path and no
// X-Forwarded headers, and loses only what concerns this gateway. Guard and chained proxy
// apply as to a fresh tunnel.
func (s *Server) passThrough(w http.ResponseWriter, r *http.Request, p *pinned) {
	u := &url.URL{
		Scheme:     "https",
		Host:       p.tunnel.dial,
		RawQuery:   r.URL.RawQuery,
		ForceQuery: r.URL.ForceQuery,
	}
	if err := setPath(u, targetPath(r)); err != nil {
		refuse(w, http.StatusBadRequest, "Bad Request: the path does not parse")
		return
	}
	header := s.outbound(r.Header, p.tunnel.token)
	for _, name := range credentialHeaders {
		if header.Get(name) != "" {
			w.Header().Set(HeaderCredential, credentialOwn)
		}
	}
	silenceUserAgent(header)
	allowReplay(header)
	out := newRequest(r, u, header)
	out.Host = r.Host
	if out.Host == "" {
		out.Host = p.tunnel.hostHeader()
	}
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

// hostHeader names the tunnel's host as a client would, the default port left out.
func (t *tunnel) hostHeader() string {
	if t.port != 443 {
		return net.JoinHostPort(t.host, strconv.Itoa(t.port))
	}
	if ip := net.ParseIP(t.host); ip != nil && ip.To4() == nil {
		return "[" + t.host + "]"
	}
	return t.host
}
