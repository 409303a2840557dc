package proxy

import (
	"net/http"
	"net/url"
	"strings"
)

// remoteBridge is the bridge of another process. It gets the request that the
// in-process one would get, Host included; gateway tokens stay here, since only this
// process knows the tunnel's.
type remoteBridge struct {
	s    *Server
	base *url.URL
}

func newRemoteBridge(s *Server) *remoteBridge {
	base, _ := url.Parse(s.cfg.BridgeURL) // checked by New
	base.Path, base.RawPath = strings.TrimRight(base.Path, "/"), strings.TrimRight(base.RawPath, "/")
	return &remoteBridge{s: s, base: base}
}

// serve sends r, whose URL is the bridge's, to the other process.
func (b *remoteBridge) serve(w http.ResponseWriter, r *http.Request, p *pinned) {
	u := &url.URL{Scheme: b.base.Scheme, Host: b.base.Host, RawQuery: r.URL.RawQuery, ForceQuery: r.URL.ForceQuery}
	if err := setPath(u, b.base.EscapedPath()+targetPath(r)); err != nil {
		refuse(w, http.StatusBadGateway, "Bad Gateway: the bridge cannot be addressed")
		return
	}
	header := b.s.outbound(r.Header, p.token())
	forwardedBy(header, r)
	silenceUserAgent(header)
	delete(header, "Expect")
	allowReplay(header)
	out := newRequest(r, u, header)
	out.Host = r.Host
	b.s.exchange(w, r, out, exchange{
		via:    b.s.upstream.verbatim,
		pinned: p,
		replay: readAhead, // how often it is sent with a key is the other bridge's to decide
		// The other bridge knows whose credential it used.
		trusted: true,
		fail: func(status int, why string) {
			refuse(w, status, http.StatusText(status)+": the bridge: "+why)
		},
	})
}
