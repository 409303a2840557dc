package fakeupstream

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// earlyHints is an interim answer with a link, as RFC 8297 has it.
const earlyHints = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n"

// head decides how the body is framed, and returns the bytes of the status line and the header, whose lines are in
// the order of their names.
func (s *wire) head(out reply, pieces []event) []byte {
	total := 0
	for _, e := range pieces {
		total += len(e.bytes)
	}
	a := s.answer
	chunks := out.events != nil || a.Trailer != nil || slices.ContainsFunc(a.Breaks, func(b Break) bool { return b.At.chunks() })
	s.chunked = chunks && !a.HTTP10 && a.Length == nil && !bodyless(out.status)
	h := out.header.Clone()
	h.Set("Connection", "close")
	h.Del("Content-Length")
	switch {
	case s.chunked:
		h.Set("Transfer-Encoding", "chunked")
	case a.Length != nil:
		h.Set("Content-Length", fmt.Sprint(*a.Length))
	case !bodyless(out.status) && !a.HTTP10:
		h.Set("Content-Length", fmt.Sprint(total))
	}
	for _, f := range a.Trailer {
		h.Add("Trailer", f.Name)
	}
	version := "HTTP/1.1"
	if a.HTTP10 {
		version = "HTTP/1.0"
	}
	var lines []HeaderField
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			lines = append(lines, HeaderField{name, v})
		}
	}
	return fmt.Appendf(nil, "%s %03d %s\r\n%s\r\n", version, out.status, http.StatusText(out.status), fieldLines(lines))
}

// fieldLines writes fields as lines.
func fieldLines(fields []HeaderField) string {
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
	}
	return b.String()
}
