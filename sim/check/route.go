package check

import (
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

func routeIsLive() Check {
	return Check{
		Name:     "route-is-live",
		Sentence: "A decrypted request reaches the bridge only under the provider that the live snapshot gives its host at that moment.",
		Bugs:     []string{"coder/coder#25766"},
		find: func(r *Run) []Finding {
			var found []Finding
			for _, b := range r.bridged() {
				if len(r.explained(b)) == 0 && b.provider != "" {
					found = append(found, findingf(b.step, "%s's request to %s reached the bridge as %s, and no live row gives it the host",
						b.sent.Client, b.sent.Host, b.provider))
				}
			}
			return found
		},
	}
}

// bridging is a request that the bridge got.
type bridging struct {
	*exchange
	provider string // "": the path does not say
	at       time.Duration
}

// bridged are the requests that the bridge got, where somebody looked.
func (r *Run) bridged() []bridging {
	byID := map[string]*exchange{}
	for _, x := range r.exchanges() {
		byID[x.sent.ID] = x
	}
	var list []bridging
	for _, o := range r.Observations {
		if f, ok := o.Fact.(trace.BridgeGot); ok && byID[f.Request] != nil {
			x := byID[f.Request]
			list = append(list, bridging{x, providerIn(f.Target, x.sent), o.At})
		}
	}
	return list
}

// providerIn is the provider that a bridge's path names: the segment in front of the
// path that the client sent.
func providerIn(target string, sent trace.RequestSent) string {
	own := sent.Target
	if u, err := url.Parse(own); err == nil && u.IsAbs() {
		own = u.RequestURI()
	}
	before, ok := strings.CutSuffix(target, own)
	if sent.Way == trace.WayBaseURL || !ok || !strings.HasPrefix(own, "/") {
		return ""
	}
	name, err := url.PathUnescape(path.Base(before))
	if err != nil {
		return ""
	}
	return name
}

// explained are the snapshots, by number, that may have led a request to the provider
// that the bridge was told of.
func (r *Run) explained(b bridging) []int {
	var list []int
	for _, l := range r.candidates(b.exchange.at, b.at) {
		for _, row := range l.owners(hostOf(b.sent.Host)) {
			if row.Name == b.provider {
				list = append(list, l.n)
				break
			}
		}
	}
	return list
}
