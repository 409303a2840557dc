package drill

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes. In a drill it always carries its unit: B, KiB, MiB or GiB.
type Size int64

// String returns the size in the largest unit that it is whole in.
func (s Size) String() string {
	all := sizeUnits()
	u := all[len(all)-1]
	if i := slices.IndexFunc(all, func(u sizeUnit) bool { return s%u.factor == 0 }); s != 0 {
		u = all[i]
	}
	return strconv.FormatInt(int64(s/u.factor), 10) + u.name
}

type sizeUnit struct {
	name   string
	factor Size
}

func sizeUnits() []sizeUnit {
	return []sizeUnit{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}
}

// parseSize reads a size. The error says what would be right.
func parseSize(text string) (Size, error) {
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	unit := text[len(digits):]
	n, err := strconv.ParseUint(digits, 10, 63)
	switch {
	case err != nil:
		return 0, fmt.Errorf("size %q: want a whole number with a unit, such as 64KiB", text)
	case unit == "":
		return 0, fmt.Errorf("size %q has no unit: write %sB or %sKiB", text, text, text)
	}
	for _, u := range sizeUnits() {
		if u.name == unit && Size(n) > math.MaxInt64/u.factor {
			return 0, fmt.Errorf("size %q is more than 63 bits count", text)
		}
		if u.name == unit {
			return Size(n) * u.factor, nil
		}
	}
	return 0, fmt.Errorf("size %q: want the unit B, KiB, MiB or GiB", text)
}

// parseDuration reads a duration that is longer than nothing. The error says what would be right.
func parseDuration(text string) (time.Duration, error) {
	if _, err := strconv.ParseFloat(text, 64); err == nil && text != "" {
		return 0, fmt.Errorf("duration %q has no unit: write %ss or %sms", text, text, text)
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return 0, fmt.Errorf("duration %q: want a number with a unit, such as 5s, 2999ms or 1m30s", text)
	case d <= 0:
		return 0, fmt.Errorf("duration %q: want one that is longer than nothing", text)
	}
	return d, nil
}

// formatDuration returns d as a person would write it: 1m30s, 2999ms, 24h. time.Duration's own text would be
// 2.999s and 24h0m0s, which nobody types.
func formatDuration(d time.Duration) string {
	if d < 10*time.Second && d%time.Second != 0 {
		return inOneUnit(d)
	}
	var b strings.Builder
	for _, u := range []struct {
		name string
		unit time.Duration
	}{{"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		if n := d / u.unit; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			d -= n * u.unit
		}
	}
	if d > 0 || b.Len() == 0 {
		b.WriteString(inOneUnit(d))
	}
	return b.String()
}

// inOneUnit returns d in the largest unit below a second that it is whole in; 0 is 0s.
func inOneUnit(d time.Duration) string {
	switch {
	case d == 0:
		return "0s"
	case d%time.Millisecond == 0:
		return fmt.Sprintf("%dms", d/time.Millisecond)
	case d%time.Microsecond == 0:
		return fmt.Sprintf("%dus", d/time.Microsecond)
	default:
		return fmt.Sprintf("%dns", d)
	}
}
