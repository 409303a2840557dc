package config

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// A type with a schema of its own in the file.
type schemer interface{ schema() map[string]any }

// Secret is a key, a token or a URL with a password: itself, or where it is, "env:NAME"
// or "file:PATH". It prints as a reference, and never as what it is.
type Secret string

// String is the reference, or that there is something.
func (s Secret) String() string {
	switch {
	case s == "":
		return ""
	case s.IsReference():
		return string(s)
	}
	return "[inline]"
}

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// IsReference reports whether the secret is kept elsewhere.
func (s Secret) IsReference() bool {
	return strings.HasPrefix(string(s), "env:") || strings.HasPrefix(string(s), "file:")
}

func (Secret) schema() map[string]any {
	return map[string]any{"type": "string", "minLength": 1}
}

// Duration is a limit: zero when it is not configured, negative for "off".
type Duration time.Duration

const durationPattern = `^(off|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+)$`

// UnmarshalText reads "1m30s" or "off".
func (d *Duration) UnmarshalText(text []byte) error {
	if string(text) == "off" {
		*d = -1
		return nil
	}
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("config: %q is no duration such as 90s", text)
	}
	if v == 0 {
		return fmt.Errorf("config: %q is no limit that anything could keep: write off for none", text)
	}
	*d = Duration(v)
	return nil
}

func (Duration) schema() map[string]any {
	return map[string]any{"type": "string", "pattern": durationPattern, "examples": []any{"90s", "1m30s", "off"}}
}

// Size is a number of bytes; nil when it is not configured.
type Size struct{ Bytes *int64 }

const sizePattern = `^[0-9]+(B|KiB|MiB|GiB)$`

// UnmarshalJSON reads 1024 or "1KiB".
func (s *Size) UnmarshalJSON(text []byte) error {
	var n int64
	if json.Unmarshal(text, &n) == nil {
		s.Bytes = &n
		return nil
	}
	var word string
	if err := json.Unmarshal(text, &word); err != nil {
		return err
	}
	digits := strings.TrimRight(word, "BKMGi")
	shift := map[string]int{"B": 0, "KiB": 10, "MiB": 20, "GiB": 30}[word[len(digits):]]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n > math.MaxInt64>>shift {
		return fmt.Errorf("config: %q is no number of bytes such as 32MiB", word)
	}
	n <<= shift
	s.Bytes = &n
	return nil
}

func (Size) schema() map[string]any {
	return map[string]any{"anyOf": []any{
		map[string]any{"type": "integer", "minimum": 0},
		map[string]any{"type": "string", "pattern": sizePattern, "examples": []any{"32MiB"}},
	}}
}

// CIDR is a range of addresses, "10.0.0.0/8", or one address.
type CIDR struct{ netip.Prefix }

// UnmarshalText reads a range or an address.
func (c *CIDR) UnmarshalText(text []byte) (err error) {
	if addr, e := netip.ParseAddr(string(text)); e == nil && addr.Zone() == "" {
		c.Prefix = netip.PrefixFrom(addr, addr.BitLen())
		return nil
	}
	if c.Prefix, err = netip.ParsePrefix(string(text)); err != nil {
		return fmt.Errorf("config: not a range of addresses such as 10.0.0.0/8")
	}
	if masked := c.Prefix.Masked(); masked != c.Prefix {
		return fmt.Errorf("config: the address has bits beyond its mask: did you mean %s?", masked)
	}
	return nil
}

func (CIDR) schema() map[string]any {
	return map[string]any{"type": "string", "examples": []any{"10.0.0.0/8"}}
}
