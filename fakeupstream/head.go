package fakeupstream

import (
	"fmt"
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
	h := slices.Clone(out.header)
	h.set("Connection", "close")
	h.del("Content-Length")
	switch {
	case s.chunked:
		h.set("Transfer-Encoding", "chunked")
	case a.Length != nil:
		h.set("Content-Length", fmt.Sprint(*a.Length))
	case !bodyless(out.status) && !a.HTTP10:
		h.set("Content-Length", fmt.Sprint(total))
	}
	for _, f := range a.Trailer {
		h.add("Trailer", f.Name)
	}
	version := "HTTP/1.1"
	if a.HTTP10 {
		version = "HTTP/1.0"
	}
	slices.SortStableFunc(h, func(a, b HeaderField) int { return strings.Compare(a.Name, b.Name) })
	return fmt.Appendf(nil, "%s %03d %s\r\n%s\r\n", version, out.status, http.StatusText(out.status), fieldLines(h))
}

// fieldLines writes fields as lines.
func fieldLines(fields []HeaderField) string {
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
	}
	return b.String()
}
