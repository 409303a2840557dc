package record

import "strings"

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
	var space [usual]string
	names := space[:0]
	for name, values := range h {
		if len(values) == 0 || !kept(name) {
			continue
		}
		at := len(names)
		names = append(names, name)
		for ; at > 0 && names[at-1] > name; at-- {
			names[at] = names[at-1]
		}
		names[at] = name
	}
	for i, name := range names {
		if i == 0 {
			b = append(b, `,"header":{`...)
		} else {
			b = append(b, ',')
		}
		b = append(appendString(b, name), ':', '[')
		for j, v := range h[name] {
			if j > 0 {
				b = append(b, ',')
			}
			b = appendString(b, Scrub(v))
		}
		b = append(b, ']')
	}
	if len(names) > 0 {
		b = append(b, '}')
	}
	return b
}
