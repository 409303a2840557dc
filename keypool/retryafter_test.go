package keypool_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gatedrill/gatedrill/keypool"
)

const (
	retryAfter   = "Retry-After"
	retryAfterMs = "Retry-After-Ms"
)

// noon is the instant at which the answers of these tests arrive.
var noon = time.Date(2024, time.February, 29, 12, 0, 0, 0, time.UTC)

// none is the want of a value that says nothing.
const none = time.Duration(-1)

type retryAfterRow struct {
	name  string
	value string
	want  time.Duration
}

func checkRetryAfter(t *testing.T, rows []retryAfterRow) {
	t.Helper()
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := keypool.RetryAfter(http.Header{retryAfter: {tt.value}}, noon)
			if tt.want == none {
				assert.False(t, ok, "%q gave %s", tt.value, got)
				assert.Zero(t, got, "%q", tt.value)
				return
			}
			assert.True(t, ok, "%q", tt.value)
			assert.Equal(t, tt.want, got, "%q", tt.value)
		})
	}
}

func TestRetryAfterNumbers(t *testing.T) {
	checkRetryAfter(t, []retryAfterRow{
		{"seconds", "5", 5 * time.Second},
		{"leading zeros", "0005", 5 * time.Second},
		{"decimals", "299.997", 299997 * time.Millisecond},
		{"a decimal that is no binary fraction", "0.1", 100 * time.Millisecond},
		{"trailing zeros", "1.500000000000", 1500 * time.Millisecond},
		{"a nanosecond", "0.000000001", 1},
		{"below a nanosecond", "0.0000000001", 1},
		{"far below a nanosecond", "0." + strings.Repeat("0", 400) + "1", 1},
		{"rounded up to the nanosecond", "1.0000000011", time.Second + 2},
		{"rounded up once", "1.00000000199999", time.Second + 2},
		{"rounded up over the second", "1.9999999999", 2 * time.Second},
		{"spaces", " \t5 \t", 5 * time.Second},
		{"just below the clamp", "86399.999999999", keypool.MaxCooldown - 1},
		{"rounded up to the clamp", "86399.9999999999", keypool.MaxCooldown},
		{"the clamp", "86400", keypool.MaxCooldown},
		{"above the clamp", "86400.0000000001", keypool.MaxCooldown},
		{"a day and a second", "86401", keypool.MaxCooldown},
		{"nanoseconds overflow int64", "9223372037", keypool.MaxCooldown},
		{"int64", "9223372036854775807", keypool.MaxCooldown},
		{"above uint64", "18446744073709551617", keypool.MaxCooldown},
		{"huge", strings.Repeat("9", 5000), keypool.MaxCooldown},
		{"huge with garbage", strings.Repeat("9", 5000) + "x", none},
		{"huge with a bad fraction", strings.Repeat("9", 50) + ".x", none},
	})
}

func TestRetryAfterGarbage(t *testing.T) {
	checkRetryAfter(t, []retryAfterRow{
		{"zero", "0", none},
		{"zero with decimals", "0.000", none},
		{"negative", "-5", none},
		{"negative zero", "-0", none},
		{"plus", "+5", none},
		{"empty", "", none},
		{"spaces only", "  ", none},
		{"garbage", "soon", none},
		{"a unit", "5s", none},
		{"inf", "inf", none},
		{"infinity", "Infinity", none},
		{"nan", "NaN", none},
		{"exponent", "1e3", none},
		{"hexadecimal", "0x10", none},
		{"underscore", "1_000", none},
		{"thousands", "1,000", none},
		{"decimal comma", "1,5", none},
		{"two points", "1.2.3", none},
		{"point first", ".5", none},
		{"point last", "5.", none},
		{"only a point", ".", none},
		{"digits of another script", "٥", none},
		{"inner space", "1 0", none},
		{"a newline is no space", "5\n", none},
		{"a list", "5, 10", none},
	})
}

func TestRetryAfterDates(t *testing.T) {
	checkRetryAfter(t, []retryAfterRow{
		{"IMF-fixdate", "Thu, 29 Feb 2024 12:00:05 GMT", 5 * time.Second},
		{"RFC 850", "Thursday, 29-Feb-24 12:00:05 GMT", 5 * time.Second},
		{"asctime", "Thu Feb 29 12:00:05 2024", 5 * time.Second},
		{"asctime, one digit", "Fri Mar  1 12:00:00 2024", keypool.MaxCooldown},
		{"date with spaces", " Thu, 29 Feb 2024 12:00:05 GMT\t", 5 * time.Second},
		{"date, wrong day name", "Mon, 29 Feb 2024 12:00:05 GMT", 5 * time.Second},
	})
}

func TestRetryAfterBadDates(t *testing.T) {
	checkRetryAfter(t, []retryAfterRow{
		{"date now", "Thu, 29 Feb 2024 12:00:00 GMT", none},
		{"date past", "Thu, 29 Feb 2024 11:59:59 GMT", none},
		{"RFC 850 past", "Thursday, 29-Feb-24 11:59:59 GMT", none},
		{"asctime past", "Thu Feb 29 11:59:59 2024", none},
		{"date in 1970", "Thu, 01 Jan 1970 00:00:00 GMT", none},
		{"date beyond the clamp", "Sat, 02 Mar 2024 12:00:00 GMT", keypool.MaxCooldown},
		{"date in the year 9999", "Fri, 31 Dec 9999 23:59:59 GMT", keypool.MaxCooldown},
		{"date in the year 1", "Mon, 01 Jan 0001 00:00:00 GMT", none},
		{"date with another zone", "Thu, 29 Feb 2024 12:00:05 CET", none},
		{"RFC 850 with another zone", "Thursday, 29-Feb-24 12:00:05 EST", none},
		{"date with an offset", "Thu, 29 Feb 2024 12:00:05 +0000", none},
		{"RFC 3339", "2024-02-29T12:00:05Z", none},
		{"date that does not exist", "Fri, 30 Feb 2024 12:00:05 GMT", none},
		{"date with a fraction", "Thu, 29 Feb 2024 12:00:05.5 GMT", none},
		{"date with a short hour", "Thu, 29 Feb 2024 1:00:05 GMT", none},
		{"RFC 850 with a short hour", "Thursday, 29-Feb-24 1:00:05 GMT", none},
		{"RFC 850 with a fraction", "Thursday, 29-Feb-24 12:00:05.5 GMT", none},
		{"RFC 850 with a space for a digit", "Thursday, 29-Feb-24  1:00:05 GMT", none},
		{"IMF-fixdate with a space for a digit", "Thu, 29 Feb 2024  1:00:05 GMT", none},
		{"asctime with a space for a digit", "Thu Feb 29  1:00:05 2024", none},
		{"asctime, two digits", "Fri Mar 01 12:00:00 2024", keypool.MaxCooldown},
		{"lower case", "thu, 29 feb 2024 12:00:05 GMT", 5 * time.Second},
		{"lower case GMT", "Thu, 29 Feb 2024 12:00:05 gmt", none},
		{"no day of that name", "Xyz, 29 Feb 2024 12:00:05 GMT", none},
		{"hour 24", "Thu, 29 Feb 2024 24:00:00 GMT", none},
		{"RFC 850 that does not exist", "Friday, 31-Feb-24 12:00:05 GMT", none},
		{"asctime with a fraction", "Thu Feb 29 12:00:05.5 2024", none},
		{"date that broke in a script", "Invalid Date", none},
	})
}

func TestRetryAfterMilliseconds(t *testing.T) {
	for _, tt := range []struct {
		name string
		h    http.Header
		want time.Duration
	}{
		{"alone", http.Header{retryAfterMs: {"1500"}}, 1500 * time.Millisecond},
		{"decimals", http.Header{retryAfterMs: {"0.25"}}, 250 * time.Microsecond},
		{"rounded up", http.Header{retryAfterMs: {"0.0000001"}}, 1},
		{"spaces", http.Header{retryAfterMs: {" 7 "}}, 7 * time.Millisecond},
		{"wins over a longer", http.Header{retryAfterMs: {"1500"}, retryAfter: {"60"}}, 1500 * time.Millisecond},
		{"wins over a shorter", http.Header{retryAfterMs: {"60000"}, retryAfter: {"1"}}, time.Minute},
		{"wins over a date", http.Header{retryAfterMs: {"1"}, retryAfter: {"Thu, 29 Feb 2024 12:00:05 GMT"}}, time.Millisecond},
		{"clamped, not bad", http.Header{retryAfterMs: {"86400001"}, retryAfter: {"1"}}, keypool.MaxCooldown},
		{"huge", http.Header{retryAfterMs: {strings.Repeat("9", 99)}, retryAfter: {"1"}}, keypool.MaxCooldown},
		{"just below the clamp", http.Header{retryAfterMs: {"86399999.999999"}}, keypool.MaxCooldown - 1},
		{"zero falls through", http.Header{retryAfterMs: {"0"}, retryAfter: {"5"}}, 5 * time.Second},
		{"negative falls through", http.Header{retryAfterMs: {"-1"}, retryAfter: {"5"}}, 5 * time.Second},
		{"garbage falls through", http.Header{retryAfterMs: {"1e3"}, retryAfter: {"5"}}, 5 * time.Second},
		{"empty falls through", http.Header{retryAfterMs: {""}, retryAfter: {"5"}}, 5 * time.Second},
		{"a date falls through", http.Header{retryAfterMs: {"Thu, 29 Feb 2024 12:00:05 GMT"}, retryAfter: {"7"}}, 7 * time.Second},
		{"falls through to a date", http.Header{retryAfterMs: {"inf"}, retryAfter: {"Thu, 29 Feb 2024 12:00:09 GMT"}}, 9 * time.Second},
		{"both bad", http.Header{retryAfterMs: {"inf"}, retryAfter: {"nan"}}, none},
		{"the first line counts", http.Header{retryAfterMs: {"1", "2"}}, time.Millisecond},
		{"the first line counts, bad or not", http.Header{retryAfterMs: {"x", "2"}, retryAfter: {"5"}}, 5 * time.Second},
		{"the first line of seconds counts", http.Header{retryAfter: {"5", "6"}}, 5 * time.Second},
		{"the first line of seconds counts, bad or not", http.Header{retryAfter: {"x", "6"}}, none},
		{"no header", http.Header{}, none},
		{"nil header", nil, none},
		{"a header without lines", http.Header{retryAfter: {}}, none},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := keypool.RetryAfter(tt.h, noon)
			assert.Equal(t, tt.want != none, ok)
			assert.Equal(t, max(0, tt.want), got)
		})
	}
}

// The date has no fraction but the clock has, and another zone perhaps.
func TestRetryAfterDateIsExact(t *testing.T) {
	zone := time.FixedZone("", 5*3600+1800)
	now := noon.Add(300 * time.Millisecond).In(zone)
	for _, value := range []string{"Thu, 29 Feb 2024 12:00:05 GMT", "Thursday, 29-Feb-24 12:00:05 GMT", "Thu Feb 29 12:00:05 2024"} {
		got, ok := keypool.RetryAfter(http.Header{retryAfter: {value}}, now)
		assert.True(t, ok, value)
		assert.Equal(t, 4700*time.Millisecond, got, value)
	}
	_, ok := keypool.RetryAfter(http.Header{retryAfter: {"Thu, 29 Feb 2024 12:00:00 GMT"}}, now)
	assert.False(t, ok, "past by 300 ms")
}

// A year of two digits is the one within 50 years (RFC 9110, section 5.6.7).
func TestRetryAfterCentury(t *testing.T) {
	at := func(y int, m time.Month, d, hh, mm, ss int) time.Time {
		return time.Date(y, m, d, hh, mm, ss, 0, time.UTC)
	}
	for _, tt := range []struct {
		name  string
		now   time.Time
		value string
		want  time.Duration // 0: none
	}{
		{"turn of the century", at(1999, 12, 31, 23, 59, 58), "Saturday, 01-Jan-00 00:00:03 GMT", 5 * time.Second},
		{"just after it, past", at(2000, 1, 1, 0, 0, 0), "Friday, 31-Dec-99 23:59:59 GMT", 0},
		{"the next one", at(2099, 12, 31, 23, 59, 58), "Friday, 01-Jan-00 00:00:03 GMT", 5 * time.Second},
		{"after package time's split", at(2069, 6, 1, 0, 0, 0), "Saturday, 01-Jun-69 00:00:05 GMT", 5 * time.Second},
		{"before package time's split", at(1969, 6, 1, 0, 0, 0), "Sunday, 01-Jun-69 00:00:05 GMT", 5 * time.Second},
		{"70 is 2070 seen from 2024", at(2024, 6, 1, 0, 0, 0), "Sunday, 01-Jun-70 00:00:00 GMT", keypool.MaxCooldown},
		{"fifty years exactly are the future", at(2024, 6, 1, 0, 0, 0), "Friday, 01-Jun-74 00:00:00 GMT", keypool.MaxCooldown},
		{"more than fifty years are the past", at(2024, 6, 1, 0, 0, 0), "Friday, 01-Jun-74 00:00:01 GMT", 0},
		{"94 is 1994 seen from 2024", at(2024, 6, 1, 0, 0, 0), "Sunday, 06-Nov-94 08:49:37 GMT", 0},
		{"leap day", at(2096, 2, 28, 23, 59, 59), "Wednesday, 29-Feb-96 00:00:00 GMT", time.Second},
		{"no leap day in 2100", at(2100, 2, 28, 23, 59, 59), "Monday, 29-Feb-00 00:00:00 GMT", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := keypool.RetryAfter(http.Header{retryAfter: {tt.value}}, tt.now)
			assert.Equal(t, tt.want > 0, ok)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestRetryAfterDoesNotAllocate(t *testing.T) {
	h := http.Header{retryAfterMs: {"bad"}, retryAfter: {"299.997"}}
	assert.Zero(t, testing.AllocsPerRun(100, func() { keypool.RetryAfter(h, noon) }))
}
