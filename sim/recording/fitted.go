package recording

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fitted is the script of an upstream that another gateway will ask something else: what
// was seen of each key is taken for what is true of it.
//
//   - A 429 holds from its answer until the wait that it named, or a minute, is over.
//   - Where answers carried the size of a limit of requests, that limit is played as well.
//   - A 401 holds from then on; any other error until the same key was served again.
//   - Everything else is served, as fast as half of the answers were.
func (w *writer) fitted(host string) string {
	var keys []string
	byKey := map[string][]*attempt{}
	var delays []time.Duration
	for _, a := range w.attempts {
		if w.upstream(a) != host || a.answer == nil {
			continue
		}
		if _, known := byKey[a.begin.Key]; !known {
			keys = append(keys, a.begin.Key)
		}
		byKey[a.begin.Key] = append(byKey[a.begin.Key], a)
		if a.answer.Status < 300 {
			delays = append(delays, millis(a.answer.At-a.begin.At))
		}
	}
	var b strings.Builder
	for _, key := range keys {
		if key == "none" {
			continue // it is nobody's limit
		}
		w.fitKey(&b, key, byKey[key])
	}
	served := "200"
	if slices.Sort(delays); len(delays) > 0 && delays[len(delays)/2] > 0 {
		served += " delay=" + format(delays[len(delays)/2])
	}
	fmt.Fprintf(&b, "  key any: %s\n", served)
	w.notes.add("What upstreams answer is fitted to the recording: a key is limited while a 429 of its said so, refused from its first 401 on, and failing until it was served again; everything else is served. A key that the recording does not have is never limited.")
	return b.String()
}

// fitKey writes what holds of one key.
func (w *writer) fitKey(b *strings.Builder, key string, attempts []*attempt) {
	if rpm := limitOf(attempts); rpm > 0 {
		fmt.Fprintf(b, "  limit rpm=%d keys=%s\n", rpm, key)
		w.notes.add("Limits of requests a minute are those that headers named.")
	}
	end := int64(0)
	if n := len(w.run.Facts); n > 0 {
		end = w.run.Facts[n-1].At
	}
	covered := int64(-1) // until when a window holds that is written already
	for i, a := range attempts {
		at := a.answer.At
		switch status := a.answer.Status; {
		case status < 400 || status == 400 || status == 404 || at < covered:
		case status == http.StatusUnauthorized:
			fmt.Fprintf(b, "  revoked keys=%s at=%s\n", key, format(max(millis(at), time.Millisecond)))
			return
		default:
			until := end + int64(time.Second)
			for _, later := range attempts[i+1:] {
				if later.answer.Status < 400 {
					until = later.begin.At
					break
				}
			}
			said := ""
			if status == http.StatusTooManyRequests {
				until, said = at+int64(w.waitOf(a)), " retry-after=seconds"
			}
			from := millis(max(a.begin.At, covered))
			to := max(millis(until), from+time.Millisecond)
			fmt.Fprintf(b, "  window %d from=%s to=%s keys=%s%s\n", status, format(from), format(to), key, said)
			covered = int64(to)
		}
	}
}

// waitOf is how long a 429 asked to wait; a minute when it did not say.
func (w *writer) waitOf(a *attempt) time.Duration {
	if d := w.hintOf(a); d > 0 {
		return d
	}
	w.notes.add("A 429 without a wait is taken for one of a minute.")
	return time.Minute
}

// hintOf is the wait that an answer names, 0: none that can be understood.
func (w *writer) hintOf(a *attempt) time.Duration {
	h := http.Header(a.answer.Header)
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 && ms < 1e9 {
		return time.Duration(ms * float64(time.Millisecond))
	}
	text := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(text, 64); err == nil && s > 0 && s < 1e6 {
		return time.Duration(s * float64(time.Second))
	}
	if date, err := http.ParseTime(text); err == nil {
		if d := date.Sub(w.began().Add(time.Duration(a.answer.At))); d > 0 {
			return d
		}
	}
	return 0
}

// limitOf is the number of requests a minute that answers have named, 0: none.
func limitOf(attempts []*attempt) int {
	for _, a := range attempts {
		h := http.Header(a.answer.Header)
		for _, name := range [...]string{"X-Ratelimit-Limit-Requests", "Anthropic-Ratelimit-Requests-Limit"} {
			if n, err := strconv.Atoi(h.Get(name)); err == nil && n > 0 {
				return n
			}
		}
	}
	return 0
}
