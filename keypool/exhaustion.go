package keypool

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Exhaustion says why a walk found no key, as of one instant.
type Exhaustion struct {
	// RateLimited is true when the mark of at least one key is a 429: waiting helps.
	RateLimited bool
	// Wait is the shortest remaining time over the keys whose mark is a 429, 0 when
	// one of them is past its deadline by now (it was tried in this walk).
	Wait time.Duration
	// Tried is the number of keys that were tried in this walk.
	Tried int
	// Keys is the number of keys in the pool.
	Keys int
}

// count takes one key's mark into account.
func (e *Exhaustion) count(m *mark, now time.Time) {
	if m == nil || m.disabled || m.limit != http.StatusTooManyRequests {
		return
	}
	left := max(0, m.until.Sub(now))
	if !e.RateLimited || left < e.Wait {
		e.Wait = left
	}
	e.RateLimited = true
}

// Status is the status of the answer to the client: 429 when waiting helps, else
// 502.
func (e Exhaustion) Status() int {
	if e.RateLimited {
		return http.StatusTooManyRequests
	}
	return http.StatusBadGateway
}

// RetryAfter is the value of the answer's Retry-After header in whole seconds,
// rounded up and at least 1, so that a client which waits exactly so long finds a
// key. It is 0 when there is no such header, because waiting does not help.
func (e Exhaustion) RetryAfter() int {
	if !e.RateLimited {
		return 0
	}
	// Rounding up by adding a second first would overflow on the longest waits.
	seconds := e.Wait / time.Second
	if e.Wait%time.Second > 0 {
		seconds++
	}
	return max(1, int(seconds))
}

// message is the sentence in the body of the answer.
func (e Exhaustion) message() string {
	if !e.RateLimited {
		return "no API key of this provider can be used at the moment"
	}
	return "all API keys of this provider are rate limited, retry after " +
		strconv.Itoa(e.RetryAfter()) + " s"
}

// response makes the answer to req.
func (e Exhaustion) response(v Vendor, req *http.Request) *http.Response {
	body := v.ErrorBody(e.Status(), e.message())
	h := make(http.Header, 3)
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if seconds := e.RetryAfter(); seconds > 0 {
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
	resp := &http.Response{
		Status:        strconv.Itoa(e.Status()) + " " + http.StatusText(e.Status()),
		StatusCode:    e.Status(),
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        h,
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       req,
	}
	if req.Method == http.MethodHead {
		resp.Body = http.NoBody // RFC 9110 section 9.3.2: the headers only
	}
	return resp
}
