package har

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/gatedrill/gatedrill/proxy/record"
)

// client makes an entry a request, and, as nobody saw what the gateway did about it, an
// attempt with the one key of its provider that got the same answer.
func (b *builder) client(e *entry) {
	p, path, bridged := b.provider(e)
	if p.Keys == nil {
		p.Keys = []string{p.Name + "-1"}
	}
	id, a := b.id(), e.answer(b.secrets)
	b.request(id, e, p, path, bridged)
	done := record.Fact{Kind: record.KindDone, ID: id, Provider: p.Name, Verdict: "bridged", Status: a.status, Credential: "central", Bytes: a.bytes}
	if a.status == 0 && a.how != record.HowLeft {
		a.how = record.HowLeft
		b.gone++
	}
	wait, told := told(e)
	done.RetryTold = told
	at := b.start(e).Nanoseconds()
	switch key := p.Keys[0]; {
	case a.status == http.StatusTooManyRequests && p.refused.at <= at && at < p.limited:
		b.untried++
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		b.own++
		if bridged {
			break // no credential, and no attempt
		}
		done.Credential = "own"
		b.attempt(id, 1, e, p, path, record.KeyOwn, a)
	default:
		b.shorten(p, at)
		b.attempt(id, 1, e, p, path, key, a)
		if a.status == http.StatusTooManyRequests {
			p.refused = refusal{at: at + e.wait.Nanoseconds(), header: a.header, unsaid: wait == 0}
			if wait == 0 {
				wait = unsaidWait
			}
			p.limited = p.refused.at + wait.Nanoseconds()
		}
	}
	b.add(b.end(e), done)
}

// refusal is the 429 that a provider's key cools for.
type refusal struct {
	at     int64
	header map[string][]string
	unsaid bool // it named no wait
}

const (
	// sooner is how much sooner than a client that was served a key became available.
	sooner = 10 * time.Millisecond
	// unsaidWait is how long the reference gateway lets a key cool that nobody said a wait for.
	unsaidWait = time.Minute
)

// shorten makes the wait of a 429 end before a request that was served in its last second,
// since what clients are told is rounded up to whole seconds, or that nobody said how long.
func (b *builder) shorten(p *provider, at int64) {
	if at >= p.limited || p.limited-at >= int64(time.Second) && !p.refused.unsaid {
		return
	}
	if wait := time.Duration(at-p.refused.at) - sooner; wait > 0 {
		p.refused.header["Retry-After-Ms"] = []string{strconv.FormatInt(wait.Milliseconds(), 10)}
		p.limited = at
		b.rounded++
	}
}

// told is the wait that an answer names, and the seconds of its Retry-After, "" without one.
func told(e *entry) (wait time.Duration, seconds string) {
	if ms, err := strconv.ParseFloat(e.response.Get("Retry-After-Ms"), 64); err == nil && ms > 0 && ms < 1e9 {
		wait = time.Duration(ms * float64(time.Millisecond))
	}
	text := e.response.Get("Retry-After")
	if s, err := strconv.ParseFloat(text, 64); err == nil && s >= 0 && s < 1e6 {
		return max(wait, time.Duration(s*float64(time.Second))), strconv.Itoa(int(math.Ceil(s)))
	}
	if date, err := http.ParseTime(text); err == nil {
		if s := date.Sub(e.began.Add(e.wait)).Seconds(); s > 0 && s < 1e6 {
			return max(wait, time.Duration(s*float64(time.Second))), strconv.Itoa(int(math.Ceil(s)))
		}
	}
	return wait, ""
}
