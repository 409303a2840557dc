package keypool_test

import (
	"math/big"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatedrill/gatedrill/keypool"
)

// FuzzRetryAfter compares the parser with exact rational arithmetic, and its dates
// with a reading by pattern.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{
		"", "0", "1", "5", "299.997", "0.0000000001", "86399.9999999999", "86400", "9223372036854775808", "1e3", "inf", "-1", "+1", "1.", ".1", " 7\t",
		"Thu, 29 Feb 2024 12:00:05 GMT", "Thursday, 29-Feb-24 12:00:05 GMT", "Thu Feb 29 12:00:05 2024", "Fri Mar  1 12:00:00 2024",
		"Sunday, 06-Nov-94 08:49:37 GMT", "Monday, 29-Feb-00 00:00:00 GMT", "Thu, 29 Feb 2024 12:00:05.5 GMT", "Thursday, 29-Feb-24 12:00:05 EST",
	} {
		f.Add(seed, "", noon.Unix(), int64(0))
		f.Add("3", seed, noon.Unix(), int64(300_000_000))
	}
	f.Fuzz(func(t *testing.T, seconds, milliseconds string, unix, nanos int64) {
		// The years in which each form can write every date within 50 years of now.
		const from, to = -50 * 365 * 86400, 7800 * 365 * 86400
		now := time.Unix(from+modulo(unix-from, to-from), modulo(nanos, 1e9)).UTC()
		h := http.Header{retryAfter: {seconds}, retryAfterMs: {milliseconds}}
		got, ok := keypool.RetryAfter(h, now)
		want := oracle(seconds, milliseconds, now)
		if ok != (want > 0) || got != want {
			t.Errorf("Retry-After %q, retry-after-ms %q at %s: got %d, %t, want %d", seconds, milliseconds, now, got, ok, want)
		}
	})
}

func modulo(a, b int64) int64 {
	if a %= b; a < 0 {
		a += b
	}
	return a
}

var decimal = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// oracle is the wait in nanoseconds, 0 when there is none.
func oracle(seconds, milliseconds string, now time.Time) time.Duration {
	if d := rational(strings.Trim(milliseconds, " \t"), 1e6); d > 0 {
		return d
	}
	seconds = strings.Trim(seconds, " \t")
	if decimal.MatchString(seconds) {
		return rational(seconds, 1e9)
	}
	at, ok := patternDate(seconds, now)
	if !ok {
		return 0
	}
	// Compared in parts, since the difference of two instants may exceed a Duration.
	left := new(big.Int).Mul(big.NewInt(at.Unix()-now.Unix()), big.NewInt(1e9))
	left.Sub(left, big.NewInt(int64(now.Nanosecond())))
	return clamp(left)
}

// rational is ceil(value × unit), clamped, 0 when value is not a number.
func rational(value string, unit int64) time.Duration {
	if !decimal.MatchString(value) {
		return 0
	}
	r, ok := new(big.Rat).SetString(value)
	if !ok {
		panic("not a rational: " + value)
	}
	r.Mul(r, new(big.Rat).SetInt64(unit))
	ceiling := new(big.Int).Add(r.Num(), new(big.Int).Sub(r.Denom(), big.NewInt(1)))
	return clamp(ceiling.Quo(ceiling, r.Denom()))
}

func clamp(n *big.Int) time.Duration {
	if n.Sign() <= 0 {
		return 0
	}
	if n.Cmp(big.NewInt(int64(24*time.Hour))) > 0 {
		return 24 * time.Hour
	}
	return time.Duration(n.Int64())
}

var (
	dayShort = `(?:mon|tue|wed|thu|fri|sat|sun)`
	dayLong  = `(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)`
	month    = `(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)`
	clock24  = `(\d\d):(\d\d):(\d\d)`

	imfFixdate = regexp.MustCompile(`^(?i:` + dayShort + `), (\d\d) (?i:` + month + `) (\d{4}) ` + clock24 + ` GMT$`)
	rfc850Date = regexp.MustCompile(`^(?i:` + dayLong + `), (\d\d)-(?i:` + month + `)-(\d\d) ` + clock24 + ` GMT$`)
	asctime    = regexp.MustCompile(`^(?i:` + dayShort + `) (?i:` + month + `) ([ \d]\d) ` + clock24 + ` (\d{4})$`)
)

// patternDate reads the three forms of RFC 9110, section 5.6.7, part by part.
func patternDate(s string, now time.Time) (time.Time, bool) {
	if m := imfFixdate.FindStringSubmatch(s); m != nil {
		return civil(number(m[3]), m[2], m[1], m[4:7])
	}
	if m := asctime.FindStringSubmatch(s); m != nil {
		return civil(number(m[6]), m[1], m[2], m[3:6])
	}
	m := rfc850Date.FindStringSubmatch(s)
	if m == nil {
		return time.Time{}, false
	}
	// Every year that ends so, from the last: the first that is not more than 50
	// years ahead decides, and then the day must exist in it.
	limit := now.AddDate(50, 0, 0)
	most := []int{limit.Year(), int(limit.Month()), limit.Day(), limit.Hour(), limit.Minute(), limit.Second(), limit.Nanosecond()}
	for year := limit.Year(); ; year-- {
		if year%100 != number(m[3]) {
			continue
		}
		parts := []int{year, int(monthNumber(m[2])), number(m[1]), number(m[4]), number(m[5]), number(m[6]), 0}
		if slices.Compare(parts, most) <= 0 {
			return civil(year, m[2], m[1], m[4:7])
		}
	}
}

func civil(year int, month, day string, clock []string) (time.Time, bool) {
	h, m, s := number(clock[0]), number(clock[1]), number(clock[2])
	d := number(strings.TrimSpace(day))
	at := time.Date(year, monthNumber(month), d, h, m, s, 0, time.UTC)
	exists := at.Day() == d && at.Hour() == h && at.Minute() == m && at.Second() == s
	return at, exists && d > 0
}

func monthNumber(name string) time.Month {
	for m := time.January; m <= time.December; m++ {
		if strings.EqualFold(m.String()[:3], name) {
			return m
		}
	}
	panic("no month: " + name)
}

func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		panic(err)
	}
	return n
}
