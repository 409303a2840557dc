package fakeupstream

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// EarlyAsk is a key that was asked while it had been told to rest.
type EarlyAsk struct {
	// Limited is the request whose answer told it: a 429 that says how long to wait.
	Limited Request
	// Until is when the rest ends, by the upstream's clock.
	Until time.Time
	// Asked are the requests that came with the key after that answer and before Until. There is at least one.
	Asked []Request
}

// String says so in a sentence: "k1 was asked once, 2s before its cooldown ended: …".
func (e EarlyAsk) String() string {
	first := e.Asked[0]
	how := "once, " + e.Until.Sub(first.At).String() + " before its cooldown ended"
	if n := len(e.Asked); n > 1 {
		how = fmt.Sprintf("%d times before its cooldown ended, the first %s before", n, e.Until.Sub(first.At))
	}
	return fmt.Sprintf("%s was asked %s: by request %d (%s %s), though request %d was answered %d and told to wait %s",
		first.Key, how, first.Seq, first.Method, first.Path, e.Limited.Seq, e.Limited.Status, e.Until.Sub(e.Limited.Answered))
}

// EarlyAsks returns, for each answer in the log that told a key to rest, the requests that came with the key all the
// same: in order of those answers. Requests that had arrived before the answer was given are no fault of anybody's.
// What an answer says is read as RFC 9110, section 10.2.3 has it, retry-after-ms first, which the official SDKs
// prefer.
func (u *Upstream) EarlyAsks() []EarlyAsk {
	log := u.Requests()
	var out []EarlyAsk
	for i, r := range log {
		if r.Status != http.StatusTooManyRequests || r.Key == KeyNone || r.Key == KeyUnknown {
			continue
		}
		wait, ok := waitIn(r.AnswerHeader, r.Answered)
		if !ok {
			continue
		}
		e := EarlyAsk{Limited: r, Until: r.Answered.Add(wait)}
		for _, later := range log[i+1:] {
			if later.Key == r.Key && later.At.After(r.Answered) && later.At.Before(e.Until) {
				e.Asked = append(e.Asked, later)
			}
		}
		if len(e.Asked) > 0 {
			out = append(out, e)
		}
	}
	return out
}

// waitIn reads how long an answer that was given at an instant asks to wait.
func waitIn(h http.Header, answered time.Time) (time.Duration, bool) {
	if d, ok := seconds(h.Get("Retry-After-Ms"), time.Millisecond); ok {
		return d, true
	}
	text := h.Get("Retry-After")
	if d, ok := seconds(text, time.Second); ok {
		return d, true
	}
	date, err := http.ParseTime(text)
	return date.Sub(answered), err == nil && date.After(answered)
}

// seconds reads a positive number of units; decimals are not in the standard and are sent all the same.
func seconds(text string, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.ParseFloat(strings.Trim(text, blanks), 64)
	d := time.Duration(n * float64(unit))
	return d, err == nil && d > 0
}
