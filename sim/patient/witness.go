package patient

import (
	"cmp"
	"net/http"

	"github.com/gatedrill/gatedrill/proxy"
)

// bridgePrefix is where the reference gateway's bridge is.
const bridgePrefix = "/api/v2/aibridge"

// witness shows a world's bridge witness a request for a provider, as the
// reference gateway's bridge would get it. goproxy calls functions and no
// http.Handler, so there is nothing behind the witness: it sees the request, and
// the answer goes another way.
func (g *connectMitm) witness(p proxy.Provider, r *http.Request) {
	if g.env.WrapBridge == nil {
		return
	}
	front := cmp.Or(g.env.Settings.Prefix, bridgePrefix) + "/" + p.Name
	u := *r.URL
	u.Path = front + u.Path
	if u.RawPath != "" {
		u.RawPath = front + u.RawPath
	}
	shown := r.WithContext(r.Context())
	shown.URL, shown.Body = &u, http.NoBody
	g.env.WrapBridge(http.HandlerFunc(nothing)).ServeHTTP(noAnswer{}, shown)
}

func nothing(http.ResponseWriter, *http.Request) {}

// noAnswer is a ResponseWriter to nowhere.
type noAnswer struct{}

func (noAnswer) Header() http.Header         { return http.Header{} }
func (noAnswer) Write(p []byte) (int, error) { return len(p), nil }
func (noAnswer) WriteHeader(int)             {}
