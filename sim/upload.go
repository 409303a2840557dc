package sim

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/gatedrill/gatedrill/sim/drill"
	"github.com/gatedrill/gatedrill/sim/trace"
)

// bodyPieces is in how many pieces a body goes out that takes its time.
const bodyPieces = 10

// continueWithin is how long a client waits for leave to send its body; then it
// sends it all the same (RFC 9110, section 10.1.1).
const continueWithin = time.Second

// upload is a request on its way out.
type upload struct {
	done   chan struct{} // nil: it is all out, or will never be
	quit   chan struct{} // closed when nobody cares for the rest any more
	err    error
	sent   int // pieces
	pieces int // 0: it goes out as one
}

// upload sends a request in the manner that the drill asks for. What takes its
// time goes out while the answer may come in already.
func (w *World) upload(t *tunnel, r drill.Request, head, body []byte) *upload {
	u := &upload{quit: make(chan struct{})}
	wire := r.Wire
	switch {
	case wire.Stops == drill.StopsInHead:
		_, u.err = t.conn.Write(head[:len(head)/2])
		return u
	case wire.Stops == drill.StopsInBody:
		_, u.err = t.conn.Write(append(head, framed(wire, body)[:len(body)/2]...))
		return u
	case wire.Expect != "":
		if _, u.err = t.conn.Write(head); u.err != nil || !w.mayContinue(t) {
			return u
		}
		head = nil
	}
	if wire.Every == 0 {
		_, u.err = t.conn.Write(append(append(head, framed(wire, body)...), end(wire)...))
		return u
	}
	u.done, u.pieces = make(chan struct{}), bodyPieces
	go func() {
		defer close(u.done)
		u.err = w.trickle(u, t.conn, wire, head, body)
	}()
	return u
}

// mayContinue waits for an interim answer, and says whether the body is to be
// sent: a final one makes it needless.
func (w *World) mayContinue(t *tunnel) bool {
	if err := t.conn.SetReadDeadline(w.clock.Now().Add(continueWithin)); err != nil {
		return true // the write will say so
	}
	line, err := t.in.Peek(len("HTTP/1.1 100"))
	if resetErr := t.conn.SetReadDeadline(w.clock.Now().Add(patience)); resetErr != nil && err == nil {
		return true
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return true
	case err != nil || string(line[len(line)-3:]) != "100":
		return false
	}
	if _, err := http.ReadResponse(t.in, nil); err != nil {
		return false
	}
	w.log.Observe(trace.ClientContinued{Client: t.client})
	return true
}

// trickle sends a body in pieces, with a pause before each but the first.
func (w *World) trickle(u *upload, conn net.Conn, wire drill.Wire, head, body []byte) error {
	for i := range bodyPieces {
		if i > 0 {
			timer := w.clock.NewTimer(wire.Every)
			select {
			case <-timer.C:
			case <-u.quit:
				timer.Stop()
				return net.ErrClosed
			}
		}
		piece := framed(wire, body[len(body)*i/bodyPieces:len(body)*(i+1)/bodyPieces])
		if i == bodyPieces-1 {
			piece = append(piece, end(wire)...)
		}
		if _, err := conn.Write(append(head, piece...)); err != nil {
			return err
		}
		u.sent, head = i+1, nil
	}
	return nil
}

// finish waits for the end of the upload. A client that got no whole answer sends
// no more; one that did goes on, for as long as it may.
func (u *upload) finish(answered error) error {
	if u.done != nil {
		if answered != nil {
			close(u.quit)
		}
		<-u.done
	}
	return u.err
}

// framed is a piece of a body as it goes on the wire.
func framed(wire drill.Wire, piece []byte) []byte {
	if !wire.Chunked() || len(piece) == 0 {
		return piece[:len(piece):len(piece)]
	}
	return fmt.Appendf(nil, "%x\r\n%s\r\n", len(piece), piece)
}

// end is what ends a body: nothing, or the last chunk and the trailer (RFC 9112,
// section 7.1).
func end(wire drill.Wire) []byte {
	if !wire.Chunked() {
		return nil
	}
	last := []byte("0\r\n")
	for _, h := range wire.Trailer {
		last = fmt.Appendf(last, "%s: %s\r\n", h.Name, h.Value)
	}
	return append(last, "\r\n"...)
}
