package fakeupstream

import (
	"fmt"
	"strings"
	"time"
)

// duration reads a duration that has a unit and no sign.
func duration(text string) (time.Duration, error) {
	if text == "" || text[0] == '+' || text[0] == '-' {
		return 0, fmt.Errorf("bad duration %q: want one such as 5s, 100ms or 1m30s", text)
	}
	if strings.Trim(text, "0123456789.") == "" {
		return 0, fmt.Errorf("bad duration %q: want a unit, as in %ss or %sms", text, text, text)
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("bad duration %q: want one such as 5s, 100ms or 1m30s", text)
	}
	return d, nil
}

// durationText writes a duration as people do: without the zero units that Duration.String adds.
func durationText(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
