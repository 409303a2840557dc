package har

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/proxy/record"
)

// provider is a host, as a gateway in front of it would have it.
type provider struct {
	record.Provider
	host    string
	limited int64 // when the wait that a 429 named is over
	refused refusal
}

// timed is a fact with what puts it in order: exchanges that touch do not overlap.
type timed struct {
	exchange int
	fact     record.Fact
}

// builder makes the facts of a recording.
type builder struct {
	secrets   *secrets
	as        As
	began     time.Time
	exchanges int
	facts     []timed
	providers []*provider
	byHost    map[string]*provider

	// What the notes tell of.
	streams, silent, cut, untried, own, gone, again, joined, changed, keyless, rounded int
}

// build makes the facts of entries that are in order.
func (b *builder) build(taken []*entry) {
	b.began, b.byHost = taken[0].began, map[string]*provider{}
	if b.as == AsUpstream {
		b.upstream(taken)
	} else {
		for _, e := range taken {
			b.client(e)
		}
	}
	slices.SortStableFunc(b.facts, func(x, y timed) int {
		return cmp.Or(cmp.Compare(x.fact.At, y.fact.At), cmp.Compare(x.exchange, y.exchange))
	})
}

// run is the recording: the providers, and then what happened.
func (b *builder) run() record.Run {
	run := record.Run{Head: record.Fact{N: 1, Kind: record.KindRecording, Version: record.Version, Gateway: "the gateway of a HAR",
		Began: b.began.UTC().Format(time.RFC3339Nano)}}
	reload := record.Fact{N: 2, Kind: record.KindReload}
	for _, p := range b.providers {
		reload.Providers = append(reload.Providers, p.Provider)
	}
	run.Facts = append(run.Facts, reload)
	for _, t := range b.facts {
		t.fact.N = int64(len(run.Facts)) + 2
		run.Facts = append(run.Facts, t.fact)
	}
	run.End = record.WhyStopped
	return run
}

func (b *builder) add(at time.Duration, f record.Fact) {
	f.At = at.Nanoseconds()
	b.facts = append(b.facts, timed{b.exchanges, f})
}

// id begins an exchange.
func (b *builder) id() string {
	b.exchanges++
	return fmt.Sprintf("h%d", b.exchanges)
}

// start is when an entry began, and end when its answer was whole.
func (b *builder) start(e *entry) time.Duration { return e.began.Sub(b.began) }
func (b *builder) end(e *entry) time.Duration   { return b.start(e) + e.wait + e.receive }

// provider returns the one that an entry asks, and the path by which.
func (b *builder) provider(e *entry) (p *provider, path string, bridged bool) {
	host, base := strings.ToLower(e.url.Hostname()), vendor(e.url.Hostname())
	path = cmp.Or(e.url.EscapedPath(), "/")
	if m := bridgePath.FindStringSubmatch(path); m != nil && b.as == AsClient {
		host, base, path, bridged = plain(b.secrets.scrub(m[1])), m[1], m[2], true
	}
	if port := e.url.Port(); !bridged && (port != "" && port != "443" || e.url.Scheme == "http") {
		b.changed++
		if port != "" && port != "80" && port != "443" {
			host += "-" + port
		}
	}
	host, path = b.secrets.scrub(host), b.secrets.path(path)
	p = b.byHost[host]
	if p == nil {
		p = &provider{host: host}
		p.Name = b.name(plain(b.secrets.scrub(cmp.Or(base, strings.SplitN(named(host), ".", 2)[0]))))
		p.Type, p.URL, p.Status = kind(e, path), "https://"+host, "enabled"
		if bridged {
			p.host += ".invalid"
			p.URL += ".invalid"
		}
		b.byHost[host] = p
		b.providers = append(b.providers, p)
	}
	return p, path, bridged
}

// named is a host with dots only where a name has them.
func named(host string) string {
	if net.ParseIP(host) != nil {
		return "host-" + strings.NewReplacer(".", "-", ":", "-").Replace(host)
	}
	return host
}

// name is one that no other provider has.
func (b *builder) name(base string) string {
	name := base
	for n := 2; slices.ContainsFunc(b.providers, func(p *provider) bool { return p.Name == name }); n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	return name
}

// plain makes a name one that drills can write.
func plain(name string) string {
	name = strings.Trim(strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '-'
	}, strings.ToLower(name)), "-0123456789")
	if name == "" || len(name) > 40 {
		return "host"
	}
	return name
}

// kind is whose API is spoken.
func kind(e *entry, path string) string {
	if strings.Contains(e.url.Hostname(), "anthropic") || strings.Contains(path, "/messages") || e.request.Get("Anthropic-Version") != "" {
		return "anthropic"
	}
	return "openai"
}

// request is the fact of a client that asks.
func (b *builder) request(id string, e *entry, p *provider, path string, bridged bool) {
	f := record.Fact{Kind: record.KindRequest, ID: id, Via: "tunnel", Method: e.said.Request.Method, Host: p.host, Path: path,
		Query: e.url.RawQuery != "", Sent: e.sent()}
	if bridged {
		f.Via, f.Path = "base-url", "/api/v2/aibridge/"+p.Name+path
	}
	if n := e.request.Get("X-Stainless-Retry-Count"); n != "" && n != "0" {
		b.again++
	}
	b.add(b.start(e), f)
}

// sent is the length of a request's body.
func (e *entry) sent() int64 {
	if e.said.Request.BodySize > 0 {
		return int64(min(e.said.Request.BodySize, 1<<50))
	}
	if e.said.Request.Body != nil {
		return int64(len(e.said.Request.Body.Text))
	}
	return 0
}

// attempt has the facts of one request to an upstream, at the times of an entry.
func (b *builder) attempt(id string, try int, e *entry, p *provider, path, key string, a answer) {
	at := b.start(e)
	b.add(at, record.Fact{Kind: record.KindAttempt, ID: id, Try: try, Provider: p.Name, Host: p.host,
		Method: e.said.Request.Method, Path: path, Key: key})
	if a.status != 0 {
		b.add(at+e.wait, record.Fact{Kind: record.KindAnswer, ID: id, Try: try, Status: a.status, Header: a.header})
	}
	if a.events > 0 {
		b.streams++
		b.add(b.end(e), record.Fact{Kind: record.KindChunks, ID: id, Try: try, Chunks: a.chunks(e.receive)})
		if a.silent {
			b.silent++
		}
		if a.how == record.HowTruncated {
			b.cut++
		}
	}
	b.add(b.end(e), record.Fact{Kind: record.KindEnd, ID: id, Try: try, How: a.how, Bytes: a.bytes, Sent: e.sent(), Codes: a.codes})
}
