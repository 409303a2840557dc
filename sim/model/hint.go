package model

import (
	"math/big"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

// worldBegins is the instant at which every world begins (testing/synctest).
func worldBegins() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// headerOf has what an answer says about waiting: its own lines first, and then
// those that the script adds by hand. clear is false when a date in it depends on
// less than the blur.
func headerOf(a fakeupstream.Answer, now time.Duration) (h http.Header, clear bool) {
	h, clear = http.Header{}, true
	switch at := worldBegins().Add(now + a.RetryAfter.Offset); a.RetryAfter.Form {
	case fakeupstream.FormAbsent:
	case fakeupstream.FormText:
		h.Set("Retry-After", a.RetryAfter.Text)
	case fakeupstream.FormIMF, fakeupstream.FormRFC850, fakeupstream.FormAsctime:
		clear = at.Truncate(time.Second).Equal(at.Add(Blur - 1).Truncate(time.Second))
		h.Set("Retry-After", at.Format(layoutOf(a.RetryAfter.Form)))
	}
	if a.RetryAfterMS != "" {
		h.Set("Retry-After-Ms", a.RetryAfterMS)
	}
	for _, f := range a.Header {
		h.Add(f.Name, f.Value)
	}
	return h, clear
}

// layoutOf is one of the three date forms (RFC 9110, section 5.6.7).
func layoutOf(f fakeupstream.RetryAfterForm) string {
	switch f {
	case fakeupstream.FormRFC850:
		return "Monday, 02-Jan-06 15:04:05 GMT"
	case fakeupstream.FormAsctime:
		return "Mon Jan _2 15:04:05 2006"
	}
	return "Mon, 02 Jan 2006 15:04:05 GMT"
}

// cooldown is how long an answer asks to wait, usual when it says nothing of use, and
// never longer than most. clear is false when that depends on the blur.
func cooldown(h http.Header, usual, most, now time.Duration) (d time.Duration, clear bool) {
	if d, ok := number(h.Get("Retry-After-Ms"), time.Millisecond, most); ok && d > 0 {
		return d, true
	}
	value := h.Get("Retry-After")
	if d, ok := number(value, time.Second, most); ok {
		if d > 0 {
			return d, true
		}
		return usual, true
	}
	at, err := http.ParseTime(strings.TrimSpace(value))
	if err != nil {
		return usual, true
	}
	left := at.Sub(worldBegins().Add(now))
	if left <= 0 {
		return usual, true
	}
	return min(left, most), left >= Blur && (left <= most || left >= most+Blur)
}

// number reads digits with at most one decimal point between them as a number of
// units, rounded up to the nanosecond and clamped.
func number(text string, unit, most time.Duration) (time.Duration, bool) {
	text = strings.Trim(text, " \t")
	if !regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`).MatchString(text) {
		return 0, false
	}
	n, ok := new(big.Rat).SetString(text)
	if !ok {
		return 0, false
	}
	n.Mul(n, big.NewRat(int64(unit), 1))
	up, rest := new(big.Int).QuoRem(n.Num(), n.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		up.Add(up, big.NewInt(1))
	}
	if up.Cmp(big.NewInt(int64(most))) > 0 {
		return most, true
	}
	return time.Duration(up.Int64()), true
}
