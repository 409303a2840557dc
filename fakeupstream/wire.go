package fakeupstream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
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
	pace    pacer
	headed  bool
}

// These end an answer early; the requester that leaves, and the break that ends it.
var (
	errGone   = errors.New("fakeupstream: the requester left")
	errBroken = errors.New("fakeupstream: the answer was broken as its rule says")
)

// takeOver takes the request's connection from net/http.
func (u *Upstream) takeOver(w http.ResponseWriter, i int, x *exchange) (*wire, *bufio.ReadWriter) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		u.fault(Invalid, "%s: %q cannot be played on this connection: %v", x.call(), x.answer, err)
		panic(http.ErrAbortHandler)
	}
	return &wire{u: u, i: i, call: x.call(), conn: conn, gone: make(chan struct{}), answer: x.answer,
		pace: pacer{clock: u.cfg.Clock}}, buffered
}

// serve writes the answer with everything that its rule wants of it, and ends the connection.
func (s *wire) serve(d dialect, x *exchange, out reply) {
	err := s.run(d, x, out)
	switch {
	case errors.Is(err, errBroken):
	case errors.Is(err, errGone):
		s.u.change(s.i, func(q *entry) { q.Left = true })
	default:
		for _, b := range s.breaks {
			s.u.fault(Unreached, "%s: %q: the answer came to its end without %s", s.call, s.answer, b)
		}
	}
	if !s.headed {
		s.u.change(s.i, func(q *entry) {
			q.Status, q.Answered = 0, time.Time{}
			q.headed(nil)
		})
	}
}

// watch reads until the requester has left. What it may still send is not looked at.
func (s *wire) watch(r io.Reader) {
	defer close(s.gone)
	_, _ = io.Copy(io.Discard, r)
}

// run writes the answer; a nil error means all of it.
func (s *wire) run(d dialect, x *exchange, out reply) error {
	s.breaks = slices.Clone(s.answer.Breaks)
	pieces := s.pieces(d, x, &out)
	head := s.head(out, pieces)
	if s.answer.EarlyHints {
		if err := s.write([]byte(earlyHints)); err != nil {
			return err
		}
	}
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

// piece writes piece n, an event or not, in a chunk of its own where the answer has chunks.
func (s *wire) piece(e event, n int, isEvent bool) error {
	if !s.pace.wait(s.gone, e.pause) {
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
	if e.broke != "" {
		s.note(e.broke)
	}
	if e.content == 0 {
		return nil
	}
	s.u.sent(s.i, e.content)
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
		if rate := s.answer.Slow; rate > 0 {
			n = min(n, 1+(rate-1)/drips)
			if !s.pace.wait(s.gone, time.Duration(n)*time.Second/time.Duration(rate)) {
				return errGone
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
	if want := s.answer.Length; want != nil && *want != s.sent {
		s.note(fmt.Sprintf("announced %d bytes and sent %d", *want, s.sent))
	}
	if !s.chunked {
		return nil
	}
	if err := s.write([]byte("0\r\n")); err != nil {
		return err
	}
	if err := s.reach(Point{Kind: PointTrailer}); err != nil {
		return err
	}
	return s.write([]byte(fieldLines(s.answer.Trailer) + "\r\n"))
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
		s.pace.begin()
		return nil
	}
	s.note(b.told())
	switch b.Kind {
	case BreakStall:
		if b.For == 0 {
			<-s.gone
		}
		if !s.pause(b.For) {
			return errGone
		}
		s.pace.begin()
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

// call is what faults call the request.
func (x *exchange) call() string { return called(x.method, x.path, x.key) }
