package har

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"time"

	"github.com/gatedrill/gatedrill/proxy/record"
)

// soon is how long after a refused attempt the next one of the same request begins at the latest.
const soon = time.Second

// tried is a request that may go on with another key.
type tried struct {
	id       string
	exchange int
	what     [sha256.Size]byte
	keys     []string
	end      time.Duration
	done     record.Fact
	over     bool
}

// upstream makes entries attempts, and joins to one request those that follow each other with
// different keys.
func (b *builder) upstream(taken []*entry) {
	var all []*tried
	open := 0 // those before it are over
	for _, e := range taken {
		p, path, _ := b.provider(e)
		secret, key := e.credential(), b.key(p, e)
		for open < len(all) && (all[open].over || b.start(e)-all[open].end > soon) {
			open++
		}
		what := e.what(p, path)
		t := follows(all[open:], what, key, b.start(e))
		if t == nil || secret == "" {
			t = &tried{id: b.id(), exchange: b.exchanges, what: what}
			all = append(all, t)
			b.request(t.id, e, p, path, false)
		} else {
			b.joined++
		}
		t.keys = append(t.keys, key)
		t.end = b.end(e)
		a := e.answer(b.secrets)
		from := len(b.facts)
		b.attempt(t.id, len(t.keys), e, p, path, key, a)
		for i := from; i < len(b.facts); i++ {
			b.facts[i].exchange = t.exchange
		}
		t.over = !refused(a) || a.how == record.HowLeft
		t.done = record.Fact{Kind: record.KindDone, ID: t.id, Provider: p.Name, Verdict: "bridged", Status: a.status, Credential: "central", Bytes: a.bytes}
		if a.status == 0 && a.how != record.HowLeft {
			t.done.Status = http.StatusBadGateway
		}
	}
	for _, t := range all {
		t.done.At = t.end.Nanoseconds()
		b.facts = append(b.facts, timed{t.exchange, t.done})
	}
}

// key is the alias of the key that an entry shows; without one it is the pool's first.
func (b *builder) key(p *provider, e *entry) string {
	secret := e.credential()
	if secret == "" {
		b.keyless++
		if len(p.Keys) > 0 {
			return p.Keys[0]
		}
	}
	key := b.secrets.alias(p.Name, secret)
	if !slices.Contains(p.Keys, key) {
		p.Keys = append(p.Keys, key)
	}
	return key
}

// follows returns the last request that an attempt can be the next of.
func follows(open []*tried, what [sha256.Size]byte, key string, at time.Duration) *tried {
	for _, t := range slices.Backward(open) {
		if !t.over && t.what == what && !slices.Contains(t.keys, key) && at >= t.end && at-t.end <= soon {
			return t
		}
	}
	return nil
}

// refused reports whether a gateway may try another key after an answer.
func refused(a answer) bool {
	switch a.status {
	case 0, http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusTooManyRequests:
		return true
	}
	return a.status >= 500
}

// what is the same of all attempts of one request.
func (e *entry) what(p *provider, path string) [sha256.Size]byte {
	body := ""
	if e.said.Request.Body != nil {
		body = string(e.said.Request.Body.Text)
	}
	return sha256.Sum256([]byte(e.said.Request.Method + " " + p.host + path + "?" + e.url.RawQuery + "\n" + body))
}
