package keypool

import (
	"net/http"
	"strings"
	"time"
)

// RetryAfter reads how long an answer asks to wait, from its header h that arrived
// at the instant now. It understands
//
//   - retry-after-ms, milliseconds, which OpenAI sends and the vendors' SDKs
//     prefer; when it is not a positive number Retry-After is read instead;
//   - Retry-After in seconds, also with a fraction, as some gateways send it;
//   - Retry-After as an HTTP date in any of its three forms (RFC 9110, sections
//     5.6.7 and 10.2.3).
//
// The first line of each header counts and spaces around it do not. Numbers are
// digits with at most one decimal point between digits, nothing else. The result
// is exact, rounded up to the nanosecond, and at most MaxCooldown. ok is false when
// there is nothing to go by: no header, garbage, zero, a negative number, or a date
// that is not in the future.
func RetryAfter(h http.Header, now time.Time) (d time.Duration, ok bool) {
	if d, ok := parseCount(firstLine(h, "Retry-After-Ms"), time.Millisecond); ok && d > 0 {
		return d, true
	}
	value := firstLine(h, "Retry-After")
	if d, ok := parseCount(value, time.Second); ok {
		return d, d > 0
	}
	at, ok := parseDate(value, now)
	if !ok {
		return 0, false
	}
	// Sub saturates, so a date in the year 9999 is clamped like any other.
	if d = at.Sub(now); d <= 0 {
		return 0, false
	}
	return min(d, MaxCooldown), true
}

// firstLine is the first line of the header of that name, in canonical form, which
// spares spelling it anew for every answer as Header.Get does.
func firstLine(h http.Header, name string) string {
	if lines := h[name]; len(lines) > 0 {
		return trim(lines[0])
	}
	return ""
}

// trim removes optional whitespace (RFC 9110, section 5.6.3).
func trim(s string) string { return strings.Trim(s, " \t") }

// parseCount reads s as a number of units, [0-9]+(\.[0-9]+)?, exactly: rounded up
// to the nanosecond, clamped at MaxCooldown. It counts in integers because floats
// would round (299.997 s is not a binary fraction), know "inf", and overflow when
// converted. unit is a power of ten in nanoseconds.
func parseCount(s string, unit time.Duration) (d time.Duration, ok bool) {
	whole, fraction, point := strings.Cut(s, ".")
	if !isDigits(whole) || point && !isDigits(fraction) {
		return 0, false
	}
	most := MaxCooldown / unit
	var units time.Duration
	for i := 0; i < len(whole) && units < most; i++ {
		units = units*10 + time.Duration(whole[i]-'0')
	}
	if units >= most {
		return MaxCooldown, true
	}
	d = units * unit
	for i := 0; i < len(fraction); i++ {
		digit := time.Duration(fraction[i] - '0')
		if unit == 1 { // below the nanosecond: anything rounds up, once
			if digit > 0 {
				return d + 1, true
			}
			continue
		}
		unit /= 10
		d += digit * unit
	}
	return d, true
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
