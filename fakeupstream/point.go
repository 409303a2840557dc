package fakeupstream

import (
	"fmt"
	"strconv"
	"strings"
)

// Point is a place in an answer. Bytes are those of the body as it is sent, before TLS and without the framing.
type Point struct {
	Kind PointKind
	N    int // of PointByte, PointEvent and PointChunk
}

// PointKind says what a point counts.
type PointKind int

const (
	PointStatus  PointKind = iota + 1 // before the status line
	PointHeaders                      // in the middle of the header block
	PointByte                         // N bytes of the body are sent; 0: the header is
	PointEvent                        // N content events are sent; 0: the header is
	PointChunk                        // in the middle of the size line of chunk N, from 1 (RFC 9112, section 7.1)
	PointTrailer                      // behind the last chunk's size line and before the trailer section
)

func pointForms() []string {
	return []string{"status", "headers", "byte:N", "event:N", "chunk", "trailer"}
}

// chunks tells whether the answer has to be chunked to have this point.
func (p Point) chunks() bool { return p.Kind == PointChunk || p.Kind == PointTrailer }

// String returns the point as a rule writes it.
func (p Point) String() string {
	switch p.Kind {
	case PointStatus:
		return "status"
	case PointHeaders:
		return "headers"
	case PointByte:
		return fmt.Sprintf("byte:%d", p.N)
	case PointEvent:
		return fmt.Sprintf("event:%d", p.N)
	case PointChunk:
		if p.N == 1 {
			return "chunk"
		}
		return fmt.Sprintf("chunk:%d", p.N)
	case PointTrailer:
		return "trailer"
	default:
		return ""
	}
}

// told is the point in prose.
func (p Point) told() string {
	switch p.Kind {
	case PointStatus:
		return "before the status line"
	case PointHeaders:
		return "within the header"
	case PointByte:
		return fmt.Sprintf("after byte %d", p.N)
	case PointEvent:
		return fmt.Sprintf("after event %d", p.N)
	case PointChunk:
		return fmt.Sprintf("within the size of chunk %d", p.N)
	default:
		return "before the trailer"
	}
}

func (p Point) mistake() string {
	switch p.Kind {
	case PointStatus, PointHeaders, PointTrailer:
		if p.N != 0 {
			return fmt.Sprintf("%s has no number: want %s", p, p)
		}
	case PointByte, PointEvent:
		if p.N < 0 {
			return fmt.Sprintf("bad point %s: want a whole number from 0 on", p)
		}
	case PointChunk:
		if p.N < 1 {
			return fmt.Sprintf("bad point %s: want a whole number from 1 on", p)
		}
	default:
		return fmt.Sprintf("unknown point %d: want PointStatus to PointTrailer", p.Kind)
	}
	return ""
}

// parsePoint reads a point as String writes it.
func parsePoint(text string) (Point, error) {
	name, number, counted := strings.Cut(text, ":")
	for k := PointStatus; k <= PointTrailer; k++ {
		p := Point{Kind: k}
		if plain, _, _ := strings.Cut(p.String(), ":"); plain != name {
			continue
		}
		wants := k == PointByte || k == PointEvent
		switch {
		case !counted && k == PointChunk:
			p.N = 1
		case counted && (wants || k == PointChunk):
			n, err := strconv.Atoi(number)
			if p.N = n; err != nil || number[0] == '+' || p.mistake() != "" {
				return Point{}, fmt.Errorf("bad number %q in %s: want a whole number, as in %s:2", number, text, name)
			}
		case counted:
			return Point{}, fmt.Errorf("%s has no number: want %s", name, name)
		case wants:
			return Point{}, fmt.Errorf("%s without a number: want %s:2", name, name)
		}
		return p, nil
	}
	return Point{}, fmt.Errorf("unknown point %q: want one of %s", text, strings.Join(pointForms(), ", "))
}
