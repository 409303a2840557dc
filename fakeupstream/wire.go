package fakeupstream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// wire writes one answer byte by byte on a connection that was taken from net/http, whose own writer buffers,
// frames and repairs. The framing is this package's; the header says "Connection: close", and the connection ends
// with the answer: after a fault there is nothing else, and a drill sees at once what came of it.
type wire struct {
	u    *Upstream
	i    int // of the request in the log
	call string
	conn net.Conn
	gone chan struct{} // closed when the requester has left

	answer  Answer
	breaks  []Break // that were not played yet
	chunked bool
	chunks  int // size lines that were begun
	sent    int // bytes of the body
	headed  bool
}

// These end an answer early; the requester that leaves, and the break that ends it.
var (
	errGone   = errors.New("fakeupstream: the requester left")
	errBroken = errors.New("fakeupstream: the answer was broken as its rule says")
)

// writeBroken takes the connection over and writes the answer with everything that its rule wants of it.
func (u *Upstream) writeBroken(w http.ResponseWriter, i int, x *exchange, out reply) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		u.fault(Invalid, "%s: %q cannot be played on this connection: %v", callOf(x), x.answer, err)
		panic(http.ErrAbortHandler)
	}
	s := &wire{u: u, i: i, call: callOf(x), conn: conn, gone: make(chan struct{}), answer: x.answer}
	go s.watch(buffered)
	err = s.run(x, out)
	switch {
	case errors.Is(err, errBroken):
	case errors.Is(err, errGone):
		u.change(i, func(q *Request) { q.Left = true })
	default:
		for _, b := range s.breaks {
			u.fault(Unreached, "%s: %q: the answer came to its end without %s", s.call, x.answer, b)
		}
	}
	if !s.headed {
		u.change(i, func(q *Request) { q.Status, q.AnswerHeader = 0, nil })
	}
	_ = conn.Close() // a second close of what a break has closed already
	<-s.gone
}

// watch reads until the requester has left. What it may still send is not looked at.
func (s *wire) watch(r io.Reader) {
	defer close(s.gone)
	_, _ = io.Copy(io.Discard, r)
}

// run writes the answer; a nil error means all of it.
func (s *wire) run(x *exchange, out reply) error {
	pieces := s.pieces(x, &out)
	head := s.head(x, out, pieces)
	if err := s.reach(Point{Kind: PointStatus}); err != nil {
		return err
	}
	middle := len(head) / 2
	if err := s.write(head[:middle]); err != nil {
		return err
	}
	if err := s.reach(Point{Kind: PointHeaders}); err != nil {
		return err
	}
	if err := s.write(head[middle:]); err != nil {
		return err
	}
	s.headed = true
	if x.method == http.MethodHead || bodyless(out.status) {
		return nil
	}
	if err := s.reach(Point{Kind: PointByte}, Point{Kind: PointEvent}); err != nil {
		return err
	}
	for n, e := range pieces {
		if err := s.piece(e, n+1, out.events != nil); err != nil {
			return err
		}
	}
	return s.end()
}

// head returns the bytes of the answer's status line and header, whose lines are in the order of their names.
func (s *wire) head(_ *exchange, out reply, pieces []event) []byte {
	total := 0
	for _, e := range pieces {
		total += len(e.bytes)
	}
	wantsChunks := slices.ContainsFunc(s.answer.Breaks, func(b Break) bool { return b.At.chunks() })
	s.chunked = (out.events != nil || wantsChunks) && !bodyless(out.status)
	h := out.header.Clone()
	h.Set("Connection", "close")
	h.Del("Content-Length")
	switch {
	case s.chunked:
		h.Set("Transfer-Encoding", "chunked")
	case !bodyless(out.status):
		h.Set("Content-Length", fmt.Sprint(total))
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %03d %s\r\n", out.status, http.StatusText(out.status))
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			fmt.Fprintf(&b, "%s: %s\r\n", name, v)
		}
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// pieces returns the body in what is written at a time, with what the rule does to it.
func (s *wire) pieces(_ *exchange, out *reply) []event {
	s.breaks = slices.Clone(s.answer.Breaks)
	if out.events != nil {
		return slices.Collect(out.events)
	}
	if len(out.body) == 0 {
		return nil
	}
	return []event{{bytes: out.body}}
}

// piece writes piece n, an event or not, in a chunk of its own where the answer has chunks.
func (s *wire) piece(e event, n int, isEvent bool) error {
	if !s.pause(e.pause) {
		return errGone
	}
	if s.chunked {
		s.chunks++
		size := fmt.Sprintf("%x\r\n", len(e.bytes))
		if err := s.write([]byte(size[:1])); err != nil {
			return err
		}
		if err := s.reach(Point{PointChunk, s.chunks}); err != nil {
			return err
		}
		if err := s.write([]byte(size[1:])); err != nil {
			return err
		}
	}
	if err := s.content(e.bytes); err != nil {
		return err
	}
	if s.chunked {
		if err := s.write([]byte("\r\n")); err != nil {
			return err
		}
	}
	if isEvent {
		s.u.event(s.i, n)
	}
	if e.content == 0 {
		return nil
	}
	s.u.change(s.i, func(q *Request) { q.Events = e.content })
	return s.reach(Point{PointEvent, e.content})
}

// content writes bytes of the body up to each byte that is a point.
func (s *wire) content(b []byte) error {
	for len(b) > 0 {
		n := len(b)
		for _, k := range s.breaks {
			if at := k.At; at.Kind == PointByte && at.N > s.sent {
				n = min(n, at.N-s.sent)
			}
		}
		if err := s.write(b[:n]); err != nil {
			return err
		}
		s.sent += n
		b = b[n:]
		if err := s.reach(Point{PointByte, s.sent}); err != nil {
			return err
		}
	}
	return nil
}

// end writes what says that the body is whole.
func (s *wire) end() error {
	if !s.chunked {
		return nil
	}
	if err := s.write([]byte("0\r\n")); err != nil {
		return err
	}
	if err := s.reach(Point{Kind: PointTrailer}); err != nil {
		return err
	}
	return s.write([]byte("\r\n"))
}

func (s *wire) write(b []byte) error {
	if _, err := s.conn.Write(b); err != nil {
		return errGone
	}
	return nil
}

// reach plays every break of the given places, which are one and the same moment.
func (s *wire) reach(at ...Point) error {
	for n := 0; n < len(s.breaks); {
		b := s.breaks[n]
		if !slices.Contains(at, b.At) {
			n++
			continue
		}
		s.breaks = slices.Delete(s.breaks, n, n+1)
		if err := s.play(b); err != nil {
			return err
		}
	}
	return nil
}

// play lets one break happen. An error says that the answer is over.
func (s *wire) play(b Break) error {
	if b.Kind == BreakHold {
		if !s.u.hold(s.gone, s.call, b.At) {
			return errGone
		}
		return nil
	}
	s.u.change(s.i, func(q *Request) { q.Broke = strings.TrimPrefix(q.Broke+", "+b.told(), ", ") })
	switch b.Kind {
	case BreakStall:
		if b.For == 0 {
			<-s.gone
		}
		if !s.pause(b.For) {
			return errGone
		}
		return nil
	case BreakReset:
		reset(s.conn)
	case BreakClose:
		_ = below(s.conn).Close()
	case BreakHalfClose:
		closeWrite(s.conn)
		<-s.gone
	case BreakTruncate:
		_ = s.conn.Close()
	case BreakGarbage:
		_ = s.write([]byte(garbage))
	}
	return errBroken
}

// pause waits for d, and returns false when the requester has left.
func (s *wire) pause(d time.Duration) bool {
	if d <= 0 {
		select {
		case <-s.gone:
			return false
		default:
			return true
		}
	}
	timer := s.u.cfg.Clock.NewTimer(d, "fakeupstream", "pause")
	defer timer.Stop()
	select {
	case <-s.gone:
		return false
	case <-timer.C:
		return true
	}
}

// garbage is neither HTTP nor a server-sent event, and not JSON.
const garbage = "\x00\xff\xfe gatedrill garbage \x01\r\n\r\n"

func callOf(x *exchange) string { return x.method + " " + x.path + " key=" + x.key }
