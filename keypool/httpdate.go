package keypool

import (
	"net/http"
	"strings"
	"time"
)

// rfc850 is the second form of an HTTP date. The zone is written out instead of
// being parsed (as http.ParseTime does): only GMT is allowed, and package time
// would take any other abbreviation for an offset of zero.
const rfc850 = "Monday, 02-Jan-06 15:04:05 GMT"

// parseDate reads an HTTP date in any of the three forms that a recipient must
// accept (RFC 9110, section 5.6.7): IMF-fixdate, asctime, RFC 850. Package time is
// lenient about spaces, fractions of a second and hours of one digit, and is asked
// only about what has the shape of such a date. It does not hold a wrong day of the
// week against a date, and neither does this.
func parseDate(s string, now time.Time) (at time.Time, ok bool) {
	switch comma := strings.IndexByte(s, ','); {
	case shaped(s, "aaa, 00 aaa 0000 00:00:00 GMT"):
		at, ok = parse(http.TimeFormat, s)
	case shaped(s, "aaa aaa _0 00:00:00 0000"):
		at, ok = parse(time.ANSIC, s)
	case comma > 0 && shaped(s[comma:], ", 00-aaa-00 00:00:00 GMT"):
		if at, ok = parse(rfc850, s); ok {
			at, ok = inCentury(at, now)
		}
	}
	return at, ok
}

func parse(layout, s string) (time.Time, bool) {
	at, err := time.Parse(layout, s)
	return at, err == nil
}

// shaped compares s with a pattern in which a is a letter, 0 a digit, _ a digit or
// a space, and anything else itself.
func shaped(s, pattern string) bool {
	if len(s) != len(pattern) {
		return false
	}
	for i := range len(pattern) {
		c := s[i]
		letter, digit := 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9'
		switch pattern[i] {
		case 'a':
			if !letter {
				return false
			}
		case '0':
			if !digit {
				return false
			}
		case '_':
			if !digit && c != ' ' {
				return false
			}
		default:
			if c != pattern[i] {
				return false
			}
		}
	}
	return true
}

// inCentury gives a date whose year had two digits its century. The RFC takes a
// date that appears to be more than 50 years in the future for one in the past;
// package time splits at 1969 instead, for ever. Of the years that end alike this
// is the one within 50 years of now, which keeps the RFC's rule and is right over
// the turn of a century too.
func inCentury(at, now time.Time) (time.Time, bool) {
	now = now.UTC()
	year := now.Year() - now.Year()%100 + at.Year()%100
	for _, y := range [...]int{year + 100, year, year - 100} {
		in := time.Date(y, at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC)
		if in.After(now.AddDate(50, 0, 0)) {
			continue
		}
		return in, in.Day() == at.Day() // 29 February of a year that has none
	}
	return time.Time{}, false
}
