package explore

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/sim/trace"
)

// refuses reports whether an answer sends a pool's request to the next key.
func refuses(status int) bool {
	return status == 429 || status == 401 || status == 403 || status == 402
}

func (w *watcher) got(f trace.UpstreamGot) {
	if r := w.asked[f.Request]; r != nil {
		r.attempts = append(r.attempts, f)
		r.ended = !f.Broken
	}
	if f.Status == 429 {
		w.limited(f)
	}
	if refuses(f.Status) && f.Key != "none" {
		w.last[f.Key] = f.Status
	}
}

// limited notes what a rate limit asks for. Dates and odd forms count as the usual
// minute, or as what little they can be read for: a mark need not know better.
func (w *watcher) limited(f trace.UpstreamGot) {
	after, ms := strings.TrimSpace(f.Answer.Get("Retry-After")), f.Answer.Get("Retry-After-Ms")
	rest := time.Minute
	switch n, err := strconv.Atoi(after); {
	case after == "" && ms == "":
		w.met[markNoHint] = true
	case ms != "":
		rest = time.Second
	case err == nil && n > 0 && n < 1<<20:
		rest = time.Duration(n) * time.Second
	default:
		if _, err := http.ParseTime(after); err == nil {
			w.met[markDate] = true
			rest = time.Second
		}
	}
	w.cools[f.Key] = max(w.cools[f.Key], w.at+rest)
}

func (w *watcher) ended(f trace.UpstreamEnded) {
	if r := w.asked[f.Request]; r != nil && !f.Left {
		r.ended = true
	}
	switch {
	case strings.Contains(f.Broke, "reset before the status line"):
		w.met[markResetEarly] = true
	case strings.Contains(f.Broke, "reset") && f.Events > 0:
		w.met[markResetStream] = true
	}
}

// left is a client that went away before its answer was whole.
func (w *watcher) left(r *asked) {
	r.over = true
	if n := len(r.attempts); n > 1 && refuses(r.attempts[0].Status) || n == 1 && r.ended && refuses(r.attempts[0].Status) {
		w.met[markGoneBetween] = true
	}
}

// answered looks whether the gateway had to say that no key is left.
func (w *watcher) answered(r *asked, f trace.ClientGot) {
	r.over = true
	p := w.owner(r.sent.Host)
	if r.sent.OwnKey != "" || p == nil || len(p.Keys) == 0 || f.Status != 429 && f.Status != 502 {
		return
	}
	for _, a := range r.attempts {
		if !refuses(a.Status) || a.Key == "none" {
			return
		}
	}
	w.met[markExhausted] = true
	disabled := func(k string) bool { return w.last[k] == 401 || w.last[k] == 403 }
	if f.Status == 429 && slices.ContainsFunc(p.Keys, disabled) && slices.ContainsFunc(p.Keys, w.cooling) {
		w.met[markMixed] = true
	}
}
