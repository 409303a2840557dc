package proxy

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// readAhead is up to which size a request's body is read before the request is sent.
// Once an answer begins, http.Server reads the rest of the request's body itself and
// closes it, and an upstream connection that was still sending dies (golang/go#40747).
// A body that is here already is also one that can be sent again.
const readAhead = 1 << 20

var errUploadStopped = errors.New("proxy: the rest of the request's body is not read")

// take moves the client's body into out: read ahead when it is small, streamed when it
// is not. The upload has to be stopped before the handler returns.
func (u *upload) take(r, out *http.Request, x exchange) error {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		out.Body, out.ContentLength = http.NoBody, 0
		u.ended = true
		return nil
	}
	var head []byte
	if r.ContentLength <= readAhead {
		var err error
		if head, err = readHead(r.Body, r.ContentLength); err != nil {
			return err
		}
	}
	if r.ContentLength <= readAhead && len(head) <= readAhead {
		again := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(head)), nil }
		out.Body, _ = again()
		if int64(len(head)) <= x.replay {
			out.GetBody = again
		}
		out.ContentLength = int64(len(head))
		if r.ContentLength < 0 && (x.verbatim || len(r.Trailer) > 0) {
			out.ContentLength, out.Trailer = -1, r.Trailer
		}
		u.ended = true
		return nil
	}
	u.head, u.src, u.conn, u.idle = head, r.Body, x.pinned.conn, make(chan struct{})
	// The answer may begin before the body has ended.
	_ = u.conn.EnableFullDuplex()
	out.Body, out.ContentLength, out.Trailer = u, r.ContentLength, r.Trailer
	return nil
}

// readHead reads a body to its end, or one byte more than readAhead. Its length is
// known, or negative. It goes on to the end even then: only that makes net/http watch
// for the client's going.
func readHead(body io.Reader, length int64) ([]byte, error) {
	if length < 0 {
		return io.ReadAll(io.LimitReader(body, readAhead+1))
	}
	head := make([]byte, length+1)
	if _, err := io.ReadFull(body, head[:length]); err != nil {
		return nil, err
	}
	switch _, err := io.ReadFull(body, head[length:]); err {
	case io.EOF:
		return head[:length:length], nil
	case nil:
		return nil, errors.New("proxy: the body is longer than its length")
	default:
		return nil, err
	}
}

// upload is a large body on its way. The transport reads it in a goroutine of its own,
// possibly beyond the end of the answer. The zero upload has taken nothing.
type upload struct {
	conn *http.ResponseController

	mu       sync.Mutex
	head     []byte
	src      io.Reader
	reading  bool
	stopping bool // stop waits for the read under way
	stopped  bool // nothing more may be read
	ended    bool
	err      error
	idle     chan struct{} // closed when a read that stop found under way is over
}

// Read implements io.Reader for the transport.
func (u *upload) Read(p []byte) (int, error) {
	u.mu.Lock()
	if u.stopped {
		u.mu.Unlock()
		return 0, errUploadStopped
	}
	if len(u.head) > 0 {
		n := copy(p, u.head)
		u.head = u.head[n:]
		u.mu.Unlock()
		return n, nil
	}
	u.reading = true
	u.mu.Unlock()

	n, err := u.src.Read(p)

	u.mu.Lock()
	defer u.mu.Unlock()
	u.reading = false
	switch {
	case err == io.EOF:
		u.ended = true
	case err != nil && u.stopped:
		err = errUploadStopped // and not the timeout that we made it
	case err != nil && u.err == nil:
		u.err = err
	}
	if u.stopping {
		close(u.idle)
	}
	return n, err
}

// Close implements io.Closer for the transport. The body beneath is http.Server's to
// close: doing it here could wait for a read that is waiting for the client.
func (u *upload) Close() error { return nil }

// whole reports whether the body was read to its end, so that another request can
// follow on the connection.
func (u *upload) whole() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.ended
}

// failed reports whether the client's side is why the body did not end.
func (u *upload) failed() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.err != nil
}

// interrupted reports whether the upload was ended from the gateway's side.
func (u *upload) interrupted() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.stopped
}

// interrupt ends the upload because its connection has ended. A read that is waiting for
// the client returns.
func (u *upload) interrupt() {
	u.mu.Lock()
	over := u.stopped || u.ended
	u.stopped = true
	u.mu.Unlock()
	if !over {
		_ = u.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// stop ends the upload. Nothing more is read from the client: http.Server would go on
// reading up to 256 KiB, however slowly they come. A read that is waiting for the client
// is interrupted, and over when stop returns: http.Server would interrupt it too, but
// lift the deadline again.
func (u *upload) stop() {
	if u.src == nil {
		return
	}
	u.interrupt()
	u.mu.Lock()
	u.stopping = u.reading
	wait := u.stopping
	u.mu.Unlock()
	if wait {
		<-u.idle
	}
}
