package check

import (
	"encoding/base64"
	"net/http"
	"slices"
	"sort"
	"strings"

	"github.com/gatedrill/gatedrill/sim/trace"
)

func noKeyDownstream() Check {
	return Check{
		Name:     "no-key-downstream",
		Sentence: "No pool key is in any byte sent to a client, in a log line, a metric or an error.",
		Bugs:     []string{"tbphp/gpt-load#429", "envoyproxy/ai-gateway#2508"},
		find: func(r *Run) []Finding {
			var found []Finding
			pool := r.poolKeys()
			tell := func(step int, where, text string) {
				for _, k := range pool {
					if strings.Contains(text, k.Text) {
						found = append(found, findingf(step, "pool key %s is in %s", k.Alias, where))
					}
				}
			}
			for _, o := range r.Observations {
				switch f := o.Fact.(type) {
				case trace.ClientGot:
					tell(o.Step, f.Client+"'s answer", flat(f.Header)+string(f.Body.Bytes)+f.Err)
				case trace.TunnelRefused:
					tell(o.Step, f.Client+"'s refusal", flat(f.Header)+string(f.Body.Bytes))
				case trace.ReloadFailed:
					tell(o.Step, "Reload's error", f.Err)
				case trace.ProviderLoaded:
					tell(o.Step, "the reason of "+f.Name, f.Reason)
				}
			}
			tell(-1, "the log", r.Log)
			clean := map[string]bool{} // series without a key: each step has them all again
			for s := range r.Metrics.All() {
				if before := len(found); !clean[s.Series] {
					tell(s.Step, "metric "+s.Name, s.Series)
					clean[s.Series] = len(found) == before
				}
			}
			return found
		},
	}
}

func noTokenUpstream() Check {
	return Check{
		Name:     "no-token-upstream",
		Sentence: "Gateway tokens, Proxy-Authorization and what Connection names never go upstream.",
		Bugs:     []string{"BerriAI/litellm#32202", "alibaba/higress#2220", "kcolemangt/llm-router#13"},
		find: func(r *Run) []Finding {
			var found []Finding
			tokens := func(step int, host, text string) {
				for _, s := range r.Secrets {
					if s.Kind == Token && strings.Contains(text, s.Text) {
						found = append(found, findingf(step, "%s got the gateway token %s", host, s.Alias))
					}
				}
			}
			for _, o := range r.Observations {
				switch f := o.Fact.(type) {
				case trace.ProxyGot:
					login := decoded(f.Header.Get("Proxy-Authorization"))
					tokens(o.Step, f.Proxy, flat(f.Header)+login)
				case trace.UpstreamGot:
					for _, h := range hopByHop(f.Header) {
						found = append(found, findingf(o.Step, "%s got the header %s", f.Host, h))
					}
					tokens(o.Step, f.Host, flat(f.Header)+f.Target)
				}
			}
			for _, x := range r.exchanges() {
				for _, a := range x.attempts {
					for _, name := range ofOneHop(x.sent, a.Header) {
						found = append(found, findingf(x.step, "%s got the header %s, which %s had named in Connection", a.Host, name, x.sent.Client))
					}
				}
			}
			return found
		},
	}
}

// decoded is what Basic credentials say (RFC 7617): a proxy of the gateway's own has
// some, and they are not the client's.
func decoded(authorization string) string {
	_, text, _ := strings.Cut(authorization, " ")
	login, _ := base64.StdEncoding.DecodeString(text) // whatever can be read of it counts
	return string(login)
}

func keyToItsHostOnly() Check {
	return Check{
		Name:     "key-to-its-host-only",
		Sentence: "A pool key is sent to its own provider's host and nowhere else.",
		Bugs:     []string{"higress-group/higress#4544"},
		find: func(r *Run) []Finding {
			var found []Finding
			home := newHomes()
			for _, o := range r.Observations {
				switch f := o.Fact.(type) {
				case trace.ProviderLoaded:
					home.load(o.Step, f)
				case trace.UpstreamGot:
					if home.stray(o.Step, f) && !r.wasHome(f) {
						found = append(found, findingf(o.Step, "pool key %s went to %s, which is not its provider's", f.Key, f.Host))
					}
				}
			}
			return found
		},
	}
}

// homes remembers where each pool key belongs. A reload keeps what was live
// before it for as long as its own step: a request in flight is pinned to its
// snapshot.
type homes struct {
	step       int
	now, older map[string][]string // alias → hosts
}

func newHomes() *homes {
	return &homes{step: -1, now: map[string][]string{}, older: map[string][]string{}}
}

func (h *homes) load(step int, p trace.ProviderLoaded) {
	if step != h.step {
		h.step, h.older, h.now = step, h.now, map[string][]string{}
	}
	for _, k := range p.Keys {
		h.now[k] = append(h.now[k], "")
		if p.Routes() {
			h.now[k] = append(h.now[k], p.Host)
		}
	}
}

func (h *homes) stray(step int, u trace.UpstreamGot) bool {
	hosts, pool := h.now[u.Key]
	if step == h.step {
		old, was := h.older[u.Key]
		hosts, pool = append(old[:len(old):len(old)], hosts...), pool || was
	}
	if !pool {
		return false
	}
	for _, host := range hosts {
		if host != "" && host == hostOf(u.Host) {
			return false
		}
	}
	return true
}

// wasHome reports whether a snapshot to which the request may be pinned has the key
// at that host: an answer that takes its time is seen when the rows are others.
func (r *Run) wasHome(u trace.UpstreamGot) bool {
	sent := u.Arrived
	for _, o := range r.Observations {
		if f, ok := o.Fact.(trace.RequestSent); ok && f.ID == u.Request {
			sent = o.At
		}
	}
	return slices.ContainsFunc(r.candidates(sent, u.Arrived), func(l numbered) bool {
		return slices.ContainsFunc(l.owners(hostOf(u.Host)), func(row trace.ProviderLoaded) bool { return slices.Contains(row.Keys, u.Key) })
	})
}

// poolKeys are the keys that a row held at any time.
func (r *Run) poolKeys() []Secret {
	inPool := map[string]bool{}
	for _, o := range r.Observations {
		if f, ok := o.Fact.(trace.ProviderLoaded); ok {
			for _, k := range f.Keys {
				inPool[k] = true
			}
		}
	}
	var list []Secret
	for _, s := range r.Secrets {
		if s.Kind == Key && inPool[s.Alias] {
			list = append(list, s)
		}
	}
	return list
}

// hopByHop lists the headers of a request that must have stayed at the gateway
// (RFC 9110, section 7.6.1).
func hopByHop(h http.Header) []string {
	var list []string
	for name := range h {
		switch name {
		case "Connection", "Keep-Alive", "Te", "Upgrade", "Proxy-Connection", "Proxy-Authorization", "Proxy-Authenticate":
			list = append(list, name)
		}
	}
	sort.Strings(list)
	return list
}

// ofOneHop are the headers that a client meant for the gateway alone, by naming them in
// Connection (RFC 9110, section 7.6.1), and that went on. What gateways write
// themselves is not the client's.
func ofOneHop(sent trace.RequestSent, went http.Header) []string {
	if sent.Way == trace.WayRaw {
		return nil
	}
	var list []string
	for _, line := range sent.Header.Values("Connection") {
		for _, word := range strings.Split(line, ",") {
			name := http.CanonicalHeaderKey(strings.TrimSpace(word))
			if sent.Header.Get(name) != "" && !gatewaysOwn(name) && slices.Equal(went.Values(name), sent.Header.Values(name)) {
				list = append(list, name)
			}
		}
	}
	return list
}

// flat is all of a header as text, in order of names.
func flat(h http.Header) string {
	var b strings.Builder
	if err := h.Write(&b); err != nil {
		return ""
	}
	return b.String()
}

// hostOf is a name without its port.
func hostOf(name string) string {
	host, _, _ := strings.Cut(name, ":")
	return strings.ToLower(host)
}
