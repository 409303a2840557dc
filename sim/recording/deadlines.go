package recording

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// near is how far a replay's instants may be from the recorded ones: what rounding to
// milliseconds may gather, and what a request takes inside the world.
const near = 10 * time.Millisecond

// deadlines are the instants at which a key may have become available again, sorted. Which
// of them the gateway kept to is its policy's affair; one too many does no harm.
type deadlines []int64

func (w *writer) findDeadlines() {
	for _, a := range w.attempts {
		if a.answer == nil {
			continue
		}
		at := a.answer.At
		switch a.answer.Status {
		case http.StatusTooManyRequests, http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden:
			w.deadlines = append(w.deadlines, at+int64(time.Minute), at+int64(time.Hour))
			if hint := w.hintOf(a); hint > 0 {
				w.deadlines = append(w.deadlines, at+int64(hint))
			}
		}
	}
	slices.Sort(w.deadlines)
}

// closest returns how long after the closest deadline an instant comes, negative for one
// that is still to come. ok is false when none is near.
func (d deadlines) closest(at int64) (after time.Duration, ok bool) {
	i, _ := slices.BinarySearch(d, at)
	after = near + 1
	if i < len(d) {
		after = time.Duration(at - d[i])
	}
	if i > 0 && time.Duration(at-d[i-1]) < after.Abs() {
		after = time.Duration(at - d[i-1])
	}
	return after, after.Abs() <= near
}

// otherRetry is the Retry-After that is as true as the one that a client was told, since a
// whole second to a deadline passes near the answer; "": there is none. A wait in whole
// seconds that came with the same request is no such case: it began before the answer.
func (w *writer) otherRetry(e *exchange) string {
	told, at := e.done.RetryTold, e.done.At
	seconds, err := strconv.ParseInt(told, 10, 32)
	if err != nil || seconds < 1 {
		return ""
	}
	for _, a := range e.attempts {
		if a.answer != nil && w.hintOf(a) == time.Duration(seconds)*time.Second {
			return ""
		}
	}
	d, second := w.deadlines, int64(time.Second)
	if _, ok := d.closest(at + seconds*second); ok {
		return strconv.FormatInt(seconds+1, 10)
	}
	if _, ok := d.closest(at + (seconds-1)*second); ok && seconds > 1 {
		return strconv.FormatInt(seconds-1, 10)
	}
	return ""
}
