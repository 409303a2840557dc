package record

import (
	"maps"
	"slices"
	"strings"
)

// kept reports whether a recording has a header, by its canonical name.
func kept(name string) bool {
	switch name {
	case "Accept", "Accept-Encoding", "Anthropic-Version", "Content-Encoding", "Content-Length", "Content-Type", "Date",
		"Request-Id", "Retry-After", "Retry-After-Ms", "Transfer-Encoding", "User-Agent", "X-Request-Id", "X-Should-Retry",
		"X-Stainless-Retry-Count":
		return true
	}
	return strings.HasPrefix(name, "X-Ratelimit-") || strings.HasPrefix(name, "Anthropic-Ratelimit-")
}

// usual is how many headers are sorted without a list on the heap.
const usual = 24

// appendHeader writes the lines of a header that a recording has, sorted by name and free
// of secrets: it is given headers as they came.
func appendHeader(b []byte, h map[string][]string) []byte {
	var (
		names  [usual]string
		values [usual][]string
		order  [usual]uint8 // numbers are sorted: strings are dear to move
	)
	n := 0
	for name, list := range h {
		if len(list) == 0 || !kept(name) {
			continue
		}
		if n == usual {
			return appendMany(b, h)
		}
		at := n
		for ; at > 0 && names[order[at-1]] > name; at-- {
			order[at] = order[at-1]
		}
		names[n], values[n], order[at] = name, list, uint8(n)
		n++
	}
	if n == 0 {
		return b
	}
	b = append(b, `,"header":{`...)
	for _, at := range order[:n] {
		b = appendLine(b, names[at], values[at])
	}
	b[len(b)-1] = '}'
	return b
}

// appendMany is for headers with more lines than any vendor's.
func appendMany(b []byte, h map[string][]string) []byte {
	b = append(b, `,"header":{`...)
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if len(h[name]) > 0 && kept(name) {
			b = appendLine(b, name, h[name])
		}
	}
	b[len(b)-1] = '}'
	return b
}

// appendLine ends with a comma.
func appendLine(b []byte, name string, values []string) []byte {
	b = append(appendString(b, name), ':', '[')
	for _, v := range values {
		b = append(appendString(b, Scrub(v)), ',')
	}
	b[len(b)-1] = ']'
	return append(b, ',')
}
