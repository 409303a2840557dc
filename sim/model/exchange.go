package model

import (
	"cmp"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/fakeupstream"
	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// exchange foretells one request and its answer.
func (m *Model) exchange(t *tunnel, r drill.Request) {
	to, p, key, ok := m.way(t, r)
	switch {
	case !ok:
	case p != nil:
		m.walk(to, t, r, p)
	default:
		if a, ok := m.ask(to, t, r, key); ok {
			m.forward(t, a)
		}
	}
	t.used = m.now
}

// way is where a request goes, with which key, or out of which provider's pool it
// gets one. ok is false when the client has its answer already, or nobody knows it.
func (m *Model) way(t *tunnel, r drill.Request) (to route, p *provider, key string, ok bool) {
	if !m.usable(t, r) {
		return to, nil, "", false
	}
	owner := m.live.owner(t.host)
	switch {
	case t.provider == "":
		if r.Key.Kind == drill.CredentialToken {
			m.lose("the gateway token in a tunnel that nobody reads")
			return to, nil, "", false
		}
		to, key = direct(t, r)
		return to, nil, key, true
	case owner != nil && owner.row.Name == t.provider:
		return m.bridged(t, r, owner)
	case m.settings.Tunnel == drill.Deny:
		m.got(t, 403, nil)
		return to, nil, "", false
	}
	to, key = direct(t, r) // it outlived its route: as the client sent it, to where the client dialled
	return to, nil, key, true
}

// usable reports whether the model can follow a request on a tunnel.
func (m *Model) usable(t *tunnel, r drill.Request) bool {
	switch {
	case !strings.HasPrefix(r.Path, "/") || strings.ContainsAny(r.Path, "%#"):
		m.lose("the model reads plain paths only, not %q", r.Path)
	case r.Host != "" || len(r.Header) > 0:
		m.lose("the model reads no header lines of a request's own")
	case !reflect.DeepEqual(r.Wire, drill.Wire{}):
		m.lose("the model sends requests as usual only")
	case m.now-t.used > longRest:
		m.lose("a gateway may have closed %s, which rested for %s", t.client, m.now-t.used)
	}
	return m.lost == ""
}

// ownKey is the credential that a client sends as an upstream names it; "": none.
// The gateway token in its place asks for the pool, and is nobody's key.
func ownKey(c drill.Credential) string {
	switch {
	case c.Kind == drill.CredentialAlias:
		return c.Text
	case c.Kind == drill.CredentialText && c.Text != "":
		return fakeupstream.KeyUnknown
	}
	return ""
}

// direct is a request that reaches the dialled host as it was sent.
func direct(t *tunnel, r drill.Request) (to route, key string) {
	return route{address: t.address, tls: true, target: r.Path}, cmp.Or(ownKey(r.Key), fakeupstream.KeyNone)
}

// bridged is way for a request whose tunnel still belongs to its provider.
func (m *Model) bridged(t *tunnel, r drill.Request, p *provider) (to route, pool *provider, key string, ok bool) {
	m.seeBridge(r, p)
	to, key = p.route(r), ownKey(r.Key)
	switch {
	case key != "" && !m.sendsItsOwn(t, r, p):
		m.lose("a key in the header of another vendor than %s's", p.row.Name)
		return to, nil, "", false
	case key != "" && m.settings.OwnKey == drill.Deny:
		m.got(t, 403, nil)
		return to, nil, "", false
	case key != "":
		return to, nil, key, true
	case len(p.keys) == 0 || p.row.Type == "copilot":
		return to, nil, fakeupstream.KeyNone, true
	}
	return to, p, "", true
}

// tooLarge reports whether the body is not kept for a second attempt.
func (m *Model) tooLarge(r drill.Request) bool {
	return max(r.Body.Size, drill.Size(len(r.Body.Text))) > m.policy.MaxReplay
}

// walk tries one key after the other, each once.
func (m *Model) walk(to route, t *tunnel, r drill.Request, p *provider) {
	tried := map[*key]bool{}
	for {
		k, clear := m.next(p, tried, nil)
		if !clear {
			m.lose("it depends on the blur whether a cooldown of %s is over", p.row.Name)
			return
		}
		if k == nil {
			break
		}
		tried[k] = true
		a, ok := m.ask(to, t, r, k.alias)
		if !ok {
			return
		}
		if marked := m.mark(k, a, nil); !marked || m.tooLarge(r) {
			m.forward(t, a)
			return
		}
	}
	m.gotNoKey(t, p, nil)
}

// mark tells a key what was answered, and reports whether the request goes on.
func (m *Model) mark(k *key, a fakeupstream.Answer, by *runner) (goesOn bool) {
	does, usual := m.judge(a)
	switch {
	case does == harmless:
		return false
	case does == refuses:
		if k.refused == 0 {
			k.refused = a.Status
		}
		return true
	}
	h, clear := headerOf(a, m.now)
	hint, also := cooldown(h, usual, m.policy.MaxCooldown, m.now)
	if !clear || !also {
		m.lose("it depends on the blur how long %q asks to wait", a)
	}
	matters := k.limit != a.Status || m.settings.Strategy == drill.StrategyLeastLimited
	if apart := m.now + hint - k.until; matters && k.until != 0 && k.refused == 0 && apart < Blur && apart > -Blur {
		m.lose("it depends on the blur which of two cooldowns of %s ends later", k.alias)
	}
	before := k.until
	m.cooled++
	k.cool(m.now, hint, a.Status, m.cooled)
	if k.until != before {
		k.by = by
	}
	return true
}

// gotNoKey is the gateway's own answer when no key is left.
func (m *Model) gotNoKey(t *tunnel, p *provider, asks *runner) {
	status, wait, clear := p.exhausted(m.now, asks)
	if !m.policy.Exact {
		m.lose("the gateway does not declare what a client is told when no key is left")
		return
	}
	if !clear {
		m.lose("it depends on the blur how long %s has a client wait", p.row.Name)
		return
	}
	h := http.Header{}
	if wait > 0 {
		h.Set("Retry-After", strconv.FormatInt(wait, 10))
	}
	m.got(t, status, h)
}

// ask is one attempt at an upstream, which ends with its answer. ok is false when
// the client has its answer already, or nobody knows it.
func (m *Model) ask(to route, t *tunnel, r drill.Request, key string) (a fakeupstream.Answer, ok bool) {
	name, tls, ok := m.upstreams.At(to.address)
	switch {
	case !ok:
		m.got(t, 502, nil)
		return a, false
	case tls != to.tls:
		m.lose("%s does not speak as it is spoken to", name)
		return a, false
	}
	if a, ok = m.answerOf(name, key); !ok {
		return a, false
	}
	m.now += a.Delay
	m.see(trace.UpstreamGot{Host: name, Method: r.Method, Target: to.target, Key: key, Status: a.Status})
	return a, true
}

// longDelay is how long an answer may take for the model to know that nobody
// gives up before: gateways and clients bound that, each in its own way.
const longDelay = time.Minute

// answerOf takes the next answer out of the script.
func (m *Model) answerOf(name, key string) (fakeupstream.Answer, bool) {
	a, ok := m.upstreams.Next(name, key)
	switch {
	case !ok:
		m.lose("no answer is scripted at %s for key %s", name, key)
	case a.Broken():
		m.lose("an answer is broken on its way: %s", a)
	case a.Delay > longDelay:
		m.lose("%s takes %s to answer, and somebody may give up", name, a.Delay)
	case a.Stream != nil && a.Stream.Every > 0:
		m.lose("time passes during the stream of %s", name)
	}
	return a, m.lost == ""
}

// forward hands an upstream's answer to the client.
func (m *Model) forward(t *tunnel, a fakeupstream.Answer) {
	h, clear := headerOf(a, m.now)
	if !clear {
		m.lose("it depends on the blur which date %q has", a)
		return
	}
	m.got(t, a.Status, h)
}

func (m *Model) got(t *tunnel, status int, h http.Header) {
	m.see(trace.ClientGot{Client: t.client, Status: status, Header: h})
}

// route is where a request goes.
type route struct {
	address string // HOST:PORT
	tls     bool
	target  string // path and query
}

// route is the way to the provider's upstream: the base URL's path in front,
// unless the request's begins with it already.
func (p *provider) route(r drill.Request) route {
	to := route{tls: p.base.Scheme == "https", target: r.Path}
	port := p.base.Port()
	switch {
	case port != "":
	case to.tls:
		port = "443"
	default:
		port = "80"
	}
	to.address = net.JoinHostPort(p.host, port)
	path, _, _ := strings.Cut(r.Path, "?")
	base := strings.TrimRight(p.base.EscapedPath(), "/")
	if path != base && !strings.HasPrefix(path, base+"/") {
		to.target = base + r.Path
	}
	return to
}

// seeBridge shows the request to the bridge's witness, where there is one.
func (m *Model) seeBridge(r drill.Request, p *provider) {
	if m.settings.Bridge != drill.BridgeRecorded {
		return
	}
	prefix := m.settings.Prefix
	if prefix == "" {
		prefix = "/api/v2/aibridge"
	}
	m.see(trace.BridgeGot{Method: r.Method, Target: prefix + "/" + url.PathEscape(p.row.Name) + r.Path})
}

// sendsItsOwn reports whether the provider takes the client's key for one. The
// world's clients write it as the first row of their host would have it, which
// after an edit need not be the live one.
func (m *Model) sendsItsOwn(t *tunnel, r drill.Request, p *provider) bool {
	vendor := "openai"
	if strings.Contains(r.Path, "/messages") {
		vendor = "anthropic"
	}
	for _, row := range m.rows.All() {
		if u, fault := locate(row.URL); fault == "" && plainHost(u.Hostname()) == t.host && !row.Disabled {
			vendor = row.Type
			break
		}
	}
	return p.row.Type == "anthropic" || vendor != "anthropic"
}
